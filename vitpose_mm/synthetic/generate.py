"""Rendering splits with several processes and writing images and annotation files."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..datasets.convert.mpii_truth import write_mpii_truth
from ..utils.files import complete, write_json
from ..utils.progress import progress_bar
from .label_sets import MPII, category
from .observe import observe
from .records import all_records
from .scene import sample_scene


@dataclass(frozen=True)
class Split:
    """A folder of images: ids start at `first_id`; `crowded` images show people in each other's way."""

    name: str
    count: int
    first_id: int
    crowded: bool = False


@dataclass(frozen=True)
class _Job:
    folder: Path
    image_id: int
    seed: tuple[int, int]
    size: tuple[int, int]
    crowded: bool


def generate(
    out: str | Path, images: int, *, seed: int = 0, val: int = 0, ochuman: int = 0,
    size: tuple[int, int] = (640, 480), workers: int = 2, progress: bool = True,
) -> dict[str, int]:  # fmt: skip
    """Render people into `out`; return the number of labelled persons (with keypoints) per split.

    The files are a function of seed, counts and size alone, not of `workers`; image i of a split stays the same
    when more images are asked for.

    Args:
        out: folder; gets train/, val/, ochuman/ and annotations/.
        images: number of training images.
        val: number of validation images.
        ochuman: number of images with heavy overlap (COCO keypoints, annotations/ochuman_val.json).
        size: (w, h) in pixels.
        workers: processes; 0 renders in this one.

    Raises:
        ValueError: for a negative count, or a size below 64 pixels.
    """
    if min(images, val, ochuman) < 0 or images + val + ochuman == 0:
        raise ValueError(f'images={images}, val={val}, ochuman={ochuman}: give counts of 0 or more, not all 0')
    if min(size) < 64:
        raise ValueError(f'size {size[0]} x {size[1]} is too small for people: give 64 pixels or more')
    splits = [
        Split('train', images, 1),
        Split('val', val, 10_000_001),
        Split('ochuman', ochuman, 20_000_001, crowded=True),
    ]
    out = Path(out)
    (out / 'annotations').mkdir(parents=True, exist_ok=True)
    persons = {}
    for split in splits:
        if split.count:
            results = _render_split(out, split, seed=seed, size=size, workers=workers, progress=progress)
            persons[split.name] = sum(r['num_keypoints'] > 0 for result in results for r in result['coco'])
            _write_annotations(out / 'annotations', split, results=results, size=size)
    return persons


def file_name(image_id: int) -> str:
    """Return the file name of an image id; digits only, because mmpose reads MPII's image ids from the names."""
    return f'{image_id:012d}.jpg'


def _render_split(
    out: Path, split: Split, *, seed: int, size: tuple[int, int], workers: int, progress: bool
) -> list[dict]:
    folder = out / split.name
    folder.mkdir(exist_ok=True)
    jobs = [
        _Job(folder, split.first_id + i, (seed, split.first_id + i), size, split.crowded) for i in range(split.count)
    ]
    bar: dict[str, Any] = {'total': len(jobs), 'desc': f'render {split.name}', 'unit': 'img', 'disable': not progress}
    if workers == 0:
        return [render_image(job) for job in progress_bar(jobs, **bar)]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # ends OpenCV's threads before the fork: a child that tries to end them waits for ever
    try:
        with ProcessPoolExecutor(workers, multiprocessing.get_context('fork')) as pool:
            return list(progress_bar(pool.map(render_image, jobs, chunksize=4), **bar))
    finally:
        cv2.setNumThreads(threads)


def render_image(job: _Job) -> dict:
    """Render one image to its file; return its records per label set."""
    rng = np.random.default_rng(job.seed)
    scene = sample_scene(rng, job.size, crowded=job.crowded)
    quality = int(rng.integers(60, 96))
    name = file_name(job.image_id)
    path = job.folder / name
    if not cv2.imwrite(str(path), scene.image, [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise OSError(f'cannot write {path}: is the disk full?')
    return {'id': job.image_id, **all_records(observe(scene), image_id=job.image_id, file_name=name)}


def _write_annotations(folder: Path, split: Split, *, results: list[dict], size: tuple[int, int]) -> None:
    if split.crowded:
        _write_coco(folder / 'ochuman_val.json', results, kind='coco', size=size)
        return
    _write_coco(folder / f'person_keypoints_{split.name}.json', results, kind='coco', size=size)
    _write_coco(folder / f'aic_{split.name}.json', results, kind='aic', size=size)
    _write_coco(folder / f'crowdpose_{split.name}.json', results, kind='crowdpose', size=size)
    records = [record for result in results for record in result['mpii']]
    write_json(records, folder / f'mpii_{split.name}.json', compact=True)
    heads = [head for result in results for head in result['heads']]
    with complete(folder / f'mpii_gt_{split.name}.mat') as part:
        write_mpii_truth(part, records, heads=heads, names=MPII)


def _write_coco(path: Path, results: list[dict], *, kind: str, size: tuple[int, int]) -> None:
    images: list[dict] = []
    annotations: list[dict] = []
    for result in results:
        image = {'id': result['id'], 'file_name': file_name(result['id']), 'width': size[0], 'height': size[1]}
        if kind == 'crowdpose':
            image['crowdIndex'] = result['crowd_index']
        images.append(image)
        for record in result[kind]:
            annotations.append({'id': len(annotations) + 1, **record})
    info = {'description': f'synthetic people, {kind} keypoints', 'version': '1.0'}
    record = {'info': info, 'images': images, 'annotations': annotations, 'categories': [category(kind)]}
    write_json(record, path, compact=True)
