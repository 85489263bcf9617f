"""One pass over all annotation files and files of boxes that a run will read, before anything is built.

What cannot be used is left out, areas that would score 0 are replaced, and both are logged with counts; readers are
then pointed to a corrected copy below the work folder, so that MMPose's datasets and metrics see the same people. What
cannot be corrected ends the run with one sentence.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import NamedTuple

from ..utils.json_files import garbage_collection_paused
from .annotations import Need
from .detected_boxes import check_boxes
from .image_files import check_image_files, check_names, check_sizes
from .label_comparison import Summary, compare_keypoints, compare_with_metric
from .label_file import LabelFile, open_labels, write_copy
from .label_people import check_people
from .label_readers import Reader
from .label_structure import check_structure
from .metrics import Metric
from .mpii_list import check_head_boxes, check_mpii


class FileUse(NamedTuple):
    """The datasets and metrics that read one annotation file."""

    path: str
    readers: list[Reader]
    metrics: list[Metric]

    @property
    def users(self) -> list[Reader | Metric]:
        """Return both."""
        return [*self.readers, *self.metrics]


def check_labels(
    readers: Sequence[Reader], metrics: Sequence[Metric], *, folder: Path, max_missing: float = 0.0
) -> list[str]:
    """Check the files of a loader's datasets and metrics; return sentences on what is left out and corrected.

    Args:
        readers: the datasets; their configs are pointed to corrected copies.
        metrics: metrics of these datasets; their configs too are pointed to the copies.
        folder: for corrected copies.
        max_missing: share of a training set's images that may be missing.

    Raises:
        ValueError: a file cannot be used; one sentence names it and the fix.
    """
    uses = plan(readers, metrics)
    path_of = {reader.where: os.path.abspath(reader.path) for reader in readers}  # before copies take their place
    own_labels = [metric.cfg.get('ann_file') for metric in metrics]
    notes: list[str] = []
    with garbage_collection_paused():
        summaries = {path: check_file(use, folder, max_missing, notes) for path, use in uses.items()}
    for metric, own in zip(metrics, own_labels, strict=True):
        mine = [reader for reader in readers if metric.scores(reader.where)]
        data = [(reader, summaries.get(path_of[reader.where])) for reader in mine]
        labels = summaries.get(os.path.abspath(own)) if own else data[0][1] if len(data) == 1 else None
        notes += compare_with_metric(metric, data, labels=labels if metric.reads_labels else None)
    return notes


def plan(readers: Sequence[Reader], metrics: Sequence[Metric]) -> dict[str, FileUse]:
    """Return the use of each annotation file by its absolute path; files elsewhere (s3://) are left to MMPose."""
    uses: dict[str, FileUse] = {}

    def use(path: str) -> FileUse:
        return uses.setdefault(os.path.abspath(path), FileUse(path, [], []))

    for reader in readers:
        if not reader.cfg.get('ann_file'):
            raise ValueError(f'{reader.where} has no ann_file: name its annotation file.')
        use(reader.path).readers.append(reader)
    for metric in metrics:
        if metric.reads_labels:
            own = metric.cfg.get('ann_file')
            mine = [reader.path for reader in readers if metric.scores(reader.where) and reader.need is not None]
            for path in [own] if own else dict.fromkeys(mine):
                use(path).metrics.append(metric)
    return {path: one for path, one in uses.items() if '://' not in one.path}


def check_file(use: FileUse, folder: Path, max_missing: float, notes: list[str]) -> Summary | None:
    """Check one annotation file for all its users, and point them to a copy where one is needed.

    Args:
        use: the file, and who reads it.
        folder: for a corrected copy.
        max_missing: share of a training set's images that may be missing.
        notes: gets sentences on what is left out and corrected.

    Returns:
        what is kept of it; None for MPII's list.
    """
    file = open_labels(use.path, where=use.users[0].where)
    if any(reader.need is None for reader in use.readers):
        check_mpii(file)
        names = dict.fromkeys(person['image'] for person in file.content)
        images = [{'id': number, 'file_name': name} for number, name in enumerate(names)]
        for reader in use.readers:
            if reader.cfg.get('headbox_file'):
                check_head_boxes(reader.cfg['headbox_file'], number=len(file.content), where=reader.where)
            _check_images(file, reader, images, max_missing)
        summary = None
    else:
        summary = _check_coco(file, use, folder, max_missing, notes)
    if file.corrected:
        copy = write_copy(file, folder)
        for user in use.users:
            if user.cfg.get('ann_file'):  # a metric without one takes the dataset's
                user.cfg['ann_file'] = copy
    notes += file.notes
    return summary


def _check_coco(file: LabelFile, use: FileUse, folder: Path, max_missing: float, notes: list[str]) -> Summary:
    scored = [metric for metric in use.metrics if metric.need.scored]
    labelled = bool(scored) or any(not reader.boxes for reader in use.readers)
    if scored and isinstance(file.content, dict) and 'annotations' not in file.content:
        raise file.fault(
            f'it has no annotations, and {scored[0].where} compares predictions with them: set format_only=True and '
            f'outfile_prefix there to write predictions alone, or name a file with labels.'
        )
    check_structure(file, need_annotations=labelled)
    need = reduce(Need.merge, [user.need for user in use.users if user.need is not None])
    if need.crowd and not all('crowdIndex' in image for image in file.content['images']):
        raise file.fault("its images have no 'crowdIndex', which iou_type='keypoints_crowd' needs: use 'keypoints'.")
    people = check_people(file, need)
    if labelled and not people.image_ids:
        raise file.fault(
            f'it has no usable person (a box with an area, a labelled keypoint, not a crowd) but '
            f'{people.unused or "no annotations at all"}; choose another file.'
        )
    for reader in use.readers:
        compare_keypoints(file, reader, people)
        used = set(people.image_ids)
        if reader.boxes and '://' not in reader.boxes:
            used = set(_check_boxes(reader, file, folder, notes))
        _check_images(file, reader, [image for image in file.content['images'] if image['id'] in used], max_missing)
    names = {image['id']: image.get('file_name') for image in file.content['images']}
    return Summary(file.title, people, names)


def _check_boxes(reader: Reader, labels: LabelFile, folder: Path, notes: list[str]) -> list[int]:
    """Check the detected boxes of a dataset; return the image id of each that is used."""
    if not reader.cfg.get('test_mode'):
        raise ValueError(f"{reader.where} has a bbox_file without test_mode=True: set that too, or bbox_file=''.")
    assert reader.boxes is not None
    file = open_labels(reader.boxes, where=reader.where, content='file of detected boxes (bbox_file)')
    threshold = (reader.cfg.get('filter_cfg') or {}).get('bbox_score_thr')
    image_ids = check_boxes(
        file,
        {image['id'] for image in labels.content['images']},
        labels=f'annotation file {labels.path!r}',
        threshold=threshold,
    )
    if file.corrected:
        reader.cfg['bbox_file'] = write_copy(file, folder)
    notes += file.notes
    return image_ids


def _check_images(file: LabelFile, reader: Reader, images: list[dict], max_missing: float) -> None:
    folder = reader.folder(max_missing)
    if '://' in folder.path:
        return
    check_names(file, images, folder)
    present = check_image_files(file, images, folder)
    if present and 'width' in present[0]:
        check_sizes(file, present, folder)
