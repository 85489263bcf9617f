"""Labels of made-up lynxes, with their keypoint set, in files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.injected_errors import LYNX_NAMES, make_lynxes
from vitpose_mm.analysis import Labels, read_labels

KEYPOINT_SET = f"""
names = {LYNX_NAMES}
swaps = dict(left_ear='right_ear', right_ear='left_ear')
dataset_info = dict(
    dataset_name='lynx',
    keypoint_info={{
        i: dict(name=name, id=i, color=[0, 0, 0], type='upper', swap=swaps.get(name, ''))
        for i, name in enumerate(names)
    }},
    skeleton_info={{0: dict(link=('nose', 'shoulder'), id=0, color=[0, 255, 0])}},
    joint_weights=[1.0] * 5,
    sigmas=[0.05] * 5,
)
"""


@pytest.fixture(scope='session')
def lynx_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with labels.json and lynx.py; not to be changed."""
    folder = tmp_path_factory.mktemp('lynx')
    (folder / 'labels.json').write_text(json.dumps(make_lynxes(20, rng=np.random.default_rng(0))))
    (folder / 'lynx.py').write_text(KEYPOINT_SET)
    return folder


@pytest.fixture
def lynxes(lynx_folder: Path) -> Labels:
    return read_labels(str(lynx_folder / 'labels.json'), str(lynx_folder / 'lynx.py'))
