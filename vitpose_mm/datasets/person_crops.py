"""People, or the images that they are in, for pre-training without labels, from any COCO-style file."""

from __future__ import annotations

import os.path as osp
from collections.abc import Iterator, Sequence
from typing import Any

import mmengine
import numpy as np
from mmengine.dataset import BaseDataset

from ..registry import DATASETS


@DATASETS.register_module()
class PersonCrops(BaseDataset):
    """One sample for each person (an image and a box), or for each image with people, of COCO-style annotations.

    Of the labels only the boxes are read, so any file of people or of objects will do. Samples hold
    ``img_path``, ``img_id`` and, for people, ``bbox``: (4,) left, top, right, bottom in image pixels, for
    :class:`SquareCrop`. Several files are several of these in a :class:`MultiDataset`.

    Args:
        ann_file: COCO-style json, below ``data_root`` or absolute. Where it has a category 'person', others
            are left out; crowds always are.
        data_root: Folder that the other paths are below.
        data_prefix: ``img``: folder of the images.
        pipeline: Transforms.
        min_size: Pixels; people whose box has a smaller longer side are left out: enlarged to a crop they are a blur.
        whole_images: One sample for each image that has such people, without a box.
        indices: As for mmengine's BaseDataset: the first N samples, or a list of indices.
        lazy_init: Do not load the annotations yet.

    Raises:
        ValueError: If the file holds no such person.

    Source: ViTPose sec. 4.2, "The influence of pre-training data".

    Example:
        >>> PersonCrops('annotations/person_keypoints_train2017.json', data_root='data/coco',
        ...             data_prefix=dict(img='train2017/'))[0]['bbox'].shape
        (4,)
    """

    METAINFO: dict = {'dataset_name': 'person_crops'}

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        *,
        data_prefix: dict[str, str],
        pipeline: Sequence[dict] = (),
        min_size: float = 32,
        whole_images: bool = False,
        indices: int | Sequence[int] | None = None,
        lazy_init: bool = False,
    ) -> None:
        self.min_size = min_size
        self.whole_images = whole_images
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=dict(data_prefix),
            pipeline=list(pipeline),
            indices=indices,
            lazy_init=lazy_init,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read the annotation file into samples before the pipeline."""
        content = mmengine.load(self.ann_file)
        names = {image['id']: image['file_name'] for image in content['images']}
        people = list(find_people(content, min_size=self.min_size))
        if not people:
            raise ValueError(
                f'annotation file {self.ann_file!r} has no person whose longer side is at least '
                f'{self.min_size} pixels; choose another file or lower min_size'
            )
        if self.whole_images:
            found: list[dict] = [{'img_id': img_id} for img_id in dict.fromkeys(img_id for img_id, _ in people)]
        else:
            found = [{'img_id': img_id, 'bbox': bbox} for img_id, bbox in people]
        folder = self.data_prefix['img']
        return [{**sample, 'img_path': osp.join(folder, names[sample['img_id']])} for sample in found]


def find_people(content: dict, *, min_size: float) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (image id, (4,) box as corners in image pixels) of each person that is large enough."""
    named = {kind['id'] for kind in content.get('categories', ()) if kind['name'] == 'person'}
    for ann in content['annotations']:
        if ann.get('iscrowd') or (named and ann['category_id'] not in named):
            continue
        left, top, width, height = ann.get('bbox') or (0, 0, 0, 0)
        if max(width, height) >= min_size:
            yield ann['image_id'], np.array([left, top, left + width, top + height], np.float32)
