from __future__ import annotations

import pytest

from vitpose_mm.utils.configs import open_config


def test_config_of_an_installed_package() -> None:
    assert open_config('mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py').model.type == 'RTMDet'
    with pytest.raises(FileNotFoundError, match=r'gone\.py'):
        open_config('gone.py')
