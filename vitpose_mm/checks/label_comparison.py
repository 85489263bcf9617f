"""Check that the files of a run belong together: labels and metainfo, the data and the labels they are scored by."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from ..utils.counted import counted, part_of
from .dataset_files import find_moved
from .detected_boxes import PERSON
from .label_file import LabelFile, name_ids
from .label_people import People
from .label_readers import Reader
from .metrics import Metric


class Summary(NamedTuple):
    """What is kept of a checked annotation file.

    Attributes:
        title: Name of the file in sentences.
        people: The people that can be used.
        images: File name of each image, by id.
    """

    title: str
    people: People
    images: dict[int, str | None]


def compare_keypoints(file: LabelFile, reader: Reader, people: People) -> None:
    """Compare the keypoints of a file with those of the dataset's metainfo.

    Raises:
        ValueError: the number or the order differs.
    """
    expected, found, name = reader.num_keypoints, people.num_keypoints, reader.kind.__name__
    if expected is None or found is None:
        return
    choose = f'set {reader.where}.type or {reader.where}.metainfo to the dataset that the file belongs to'
    if found != expected:
        raise file.fault(
            f'it has {counted(found, "keypoint")} per person, the metainfo of {name} has {expected}; {choose}.'
        )
    used = set(people.category_ids)
    for category in file.content['categories']:
        names = category.get('keypoints') or ()
        if category['id'] in used and all(isinstance(one, str) for one in names):
            moved = find_moved(names, reader.metainfo.get('keypoint_id2name') or {})
            if moved is not None:
                raise file.fault(f'it has {moved} at another index than the metainfo of {name}; {choose}.')


def compare_with_metric(
    metric: Metric, data: Sequence[tuple[Reader, Summary | None]], *, labels: Summary | None
) -> list[str]:
    """Compare what a metric reads with the data that it scores; return sentences on what will count as missed.

    Args:
        metric: one of the evaluator.
        data: the datasets that it scores, and what is known of their files.
        labels: of the metric's own annotation file; None: it has none, or scores by the datasets' files.

    Raises:
        ValueError: the two do not belong together.
    """
    boxes = [reader for reader, _ in data if reader.boxes]
    if metric.scores_samples and boxes:
        raise ValueError(
            f'{metric.where}: {metric.kind.__name__} compares predictions with the keypoints of the samples, and '
            f"those of {boxes[0].where} are detected boxes without any: set its bbox_file=''."
        )
    if metric.formats_only and not metric.cfg.get('outfile_prefix'):
        raise ValueError(
            f'{metric.where} has format_only=True and no outfile_prefix: name the file to write, without .json.'
        )
    if labels is None:
        return []
    known = [(reader, summary) for reader, summary in data if summary is not None]
    for reader, summary in known:
        _compare_images(metric, labels, summary)
        if metric.need.scored:
            _compare_people(metric, labels, reader, summary)
    if not metric.need.scored or len(known) < len(data):
        return []
    here = {image_id for _, summary in known for image_id in summary.images}
    missed = [image_id for image_id in labels.people.image_ids if image_id not in here]
    if not missed:
        return []
    images = sorted(set(missed))
    in_others = part_of(len(missed), len(labels.people.image_ids), 'person', plural='people', verb='are')
    return [
        f'{labels.title}: {in_others} in {counted(len(images), "image")} that the data does not have '
        f'({name_ids(images, "image")}), and counted as missed.'
    ]


def _compare_images(metric: Metric, labels: Summary, data: Summary) -> None:
    """Refuse labels that do not list an image of the data, or list another image under its id."""
    if labels.title == data.title:
        return
    absent = [image_id for image_id in data.images if image_id not in labels.images]
    fix = f'set {metric.where}.ann_file to the labels of the same images'
    if absent:
        raise ValueError(
            f'{labels.title} does not list {part_of(len(absent), len(data.images), "image")} of {data.title} '
            f'({name_ids(absent, "image")}): {fix}.'
        )
    for image_id, name in data.images.items():
        other = labels.images[image_id]
        if isinstance(name, str) and isinstance(other, str) and _base(name) != _base(other):
            raise ValueError(f'{labels.title} has {other!r} as image {image_id}, and {data.title} has {name!r}: {fix}.')


def _compare_people(metric: Metric, labels: Summary, reader: Reader, data: Summary) -> None:
    """Check that labels have the number of keypoints, and a category, that are predicted."""
    expected, found = reader.num_keypoints, labels.people.num_keypoints
    converts = metric.cfg.get('gt_converter') or metric.cfg.get('pred_converter')
    if expected is not None and found is not None and found != expected and not converts:
        raise ValueError(
            f'{labels.title} has {counted(found, "keypoint")} per person, and {reader.where} has {expected}: set '
            f'{metric.where}.ann_file to labels with the keypoints that are predicted.'
        )
    predicted = {PERSON} if reader.boxes else set(data.people.category_ids)
    scored = set(labels.people.category_ids)
    if metric.need.people and not predicted & scored:
        raise ValueError(
            f'{labels.title} has people of {name_ids(sorted(scored), "category")}, and those of {reader.where} are '
            f'predicted as {name_ids(sorted(predicted), "category")}: write the same category_id in both.'
        )


def _base(name: str) -> str:
    return os.path.basename(name.replace('\\', '/'))
