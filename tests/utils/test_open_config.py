from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import config
from yapf.yapflib.yapf_api import FormatCode

from vitpose_mm.utils.configs import QuickTextConfig, open_config


def test_config_of_an_installed_package() -> None:
    assert open_config('mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py').model.type == 'RTMDet'
    with pytest.raises(FileNotFoundError, match=r'gone\.py'):
        open_config('gone.py')


def test_the_text_of_a_config_is_formatted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MMEngine asks for it in each checkpoint; it stays MMEngine's text, of copies and after changes too."""
    cfg = open_config('vitpose_mm::coco/vitpose_small_simple_coco-256x192.py')
    quick, formatted = QuickTextConfig.of(cfg), []

    def count(*args: Any, **kwargs: Any) -> Any:
        formatted.append(1)
        return FormatCode(*args, **kwargs)

    monkeypatch.setattr(config, 'FormatCode', count)
    text = quick.pretty_text
    assert [quick.pretty_text, copy.deepcopy(quick).pretty_text, len(formatted)] == [text, text, 1]
    quick.dump(tmp_path / 'a.py')
    assert (tmp_path / 'a.py').read_text() == text == cfg.pretty_text
    quick.model.backbone.drop_path_rate = 0.123
    assert 'drop_path_rate=0.123' in quick.pretty_text
    assert quick.pretty_text == cfg.pretty_text
