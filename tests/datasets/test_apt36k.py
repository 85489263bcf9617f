from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmpose.datasets.datasets.animal import AP10KDataset

from vitpose_mm.datasets import APT36KDataset


def test_the_keypoint_set_is_ap10ks_but_for_name_and_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ap10k = AP10KDataset._load_metainfo()
    folder = tmp_path / 'configs/_base_/datasets'  # where MMPose looks first
    folder.mkdir(parents=True)
    (folder / 'ap10k.py').write_text('dataset_info = 3')
    monkeypatch.chdir(tmp_path)
    apt36k = APT36KDataset._load_metainfo()
    assert apt36k['dataset_name'] == 'apt36k'
    own = {'dataset_name', 'paper_info', 'keypoint_colors', 'skeleton_link_colors'}
    assert apt36k.keys() == ap10k.keys()
    for key in ap10k.keys() - own:
        np.testing.assert_equal(apt36k[key], ap10k[key], err_msg=key)
    assert apt36k['keypoint_colors'].shape == (17, 3)
