"""Files of detected boxes that somebody made by hand: one sentence that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vitpose_mm.inference.given_boxes import read_detections

BOX = [1, 2, 3, 4]


def test_boxes_of_a_good_file(tmp_path: Path) -> None:
    file = tmp_path / 'a.json'
    file.write_text(json.dumps([{'image_id': 7, 'bbox': BOX, 'score': 0.5}, {'image_id': 7, 'bbox': BOX}]))
    np.testing.assert_array_equal(read_detections(file)[7], [[1, 2, 4, 6, 0.5], [1, 2, 4, 6, 1]])


@pytest.mark.parametrize(
    'content',
    [
        {'images': [1], 'annotations': []},
        {'images': None, 'annotations': []},
        {'images': [{}], 'annotations': []},
        {'images': [{'id': [1], 'file_name': 'a'}], 'annotations': []},
        [{'image_id': 1, 'bbox': ['a', 'b', 'c', 'd']}],
        [{'image_id': 1, 'bbox': [10**400, 0, 1, 1]}],
        [{'image_id': 1, 'bbox': [[1], [1], [1], [1]]}],
        [{'image_id': 1, 'bbox': [float('nan'), 0, 1, 1]}],
        [{'image_id': 1, 'bbox': BOX, 'score': 'x'}],
        [{'image_id': 1, 'bbox': BOX, 'score': [1]}],
        [{'image_id': [1], 'bbox': BOX}],
        [1],
        'text',
    ],
)
def test_others_are_named(tmp_path: Path, content: Any) -> None:
    file = tmp_path / 'a.json'
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r'a\.json'):
        read_detections(file)
