"""The people of one image or frame in the formats that other programs take."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from .results import to_plain

LOW = 0.2  # keypoints below it do not count for a person's score, as in MMPose's CocoMetric
# COCO's 17 keypoints in the order of OpenPose's 18, whose second is the neck
OPENPOSE = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
SHOULDERS = (5, 6)


class People(Protocol):
    """N people with K keypoints: a PoseResult or a VideoResult, whose attributes say what each array is."""

    def __len__(self) -> int: ...

    @property
    def keypoints(self) -> np.ndarray: ...

    @property
    def scores(self) -> np.ndarray: ...

    @property
    def boxes(self) -> np.ndarray: ...

    @property
    def box_scores(self) -> np.ndarray: ...

    @property
    def track_ids(self) -> np.ndarray | None: ...

    @property
    def metainfo(self) -> Mapping[str, Any]: ...


def to_coco(people: People, image_id: int | str) -> list[dict[str, Any]]:
    """Return one entry a person of a COCO results file.

    ``keypoints`` is flat, x, y and score of each; ``score`` is the box's times the mean of the keypoints' above
    0.2, as MMPose's CocoMetric has it.
    """
    entries = []
    for i in range(len(people)):
        x1, y1, x2, y2 = people.boxes[i]
        sure = people.scores[i][people.scores[i] > LOW]
        score = float(people.box_scores[i]) * float(sure.mean() if len(sure) else 0)
        entry: dict[str, Any] = {'image_id': image_id, 'category_id': 1, 'score': score}
        entry |= {'bbox': [x1, y1, x2 - x1, y2 - y1], 'keypoints': _flat(people, i)}
        if people.track_ids is not None:
            entry['track_id'] = int(people.track_ids[i])
        entries.append(to_plain(entry))
    return entries


def to_openpose(people: People) -> dict[str, Any]:
    """Return OpenPose's json: ``people[].pose_keypoints_2d``, flat x, y and score.

    COCO's 17 keypoints come as OpenPose's 18, the neck between the shoulders; those of other sets in their order.
    """
    entries = []
    for i in range(len(people)):
        points = np.array(_flat(people, i)).reshape(-1, 3)
        if people.metainfo.get('dataset_name') == 'coco' and len(points) == 17:
            left, right = points[list(SHOULDERS)]
            neck = [*(left[:2] + right[:2]) / 2, min(left[2], right[2])]
            points = np.array([neck if k is None else points[k] for k in OPENPOSE])
        track_id = -1 if people.track_ids is None else int(people.track_ids[i])
        entries.append({'person_id': [track_id], 'pose_keypoints_2d': to_plain(points.ravel())})
    return {'version': 1.3, 'people': entries}


def to_csv(people: People, source: Mapping[str, Any], *, header: bool) -> str:
    """Return one line per person: source, person, track_id, box and its score, then x, y and score by keypoint.

    Args:
        people: of one image or frame.
        source: the first columns, which say which image or frame it is.
        header: whether a line with the names of the columns comes first.
    """
    names = [people.metainfo['keypoint_id2name'][k] for k in range(people.metainfo['num_keypoints'])]
    columns = [*source, 'person', 'track_id', 'x1', 'y1', 'x2', 'y2', 'box_score']
    columns += [f'{name}_{part}' for name in names for part in ('x', 'y', 'score')]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    if header:
        writer.writerow(columns)
    for i in range(len(people)):
        track_id = '' if people.track_ids is None else int(people.track_ids[i])
        box = [*people.boxes[i].tolist(), float(people.box_scores[i])]
        writer.writerow([*source.values(), i, track_id, *box, *_flat(people, i)])
    return text.getvalue()


def _flat(people: People, person: int) -> list[float]:
    """Return x, y, score of each keypoint of a person in turn."""
    return np.concatenate((people.keypoints[person], people.scores[person][:, None]), axis=1).ravel().tolist()
