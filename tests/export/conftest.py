"""Tiny pose models of every kind, as config and checkpoint files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mmengine.registry import DefaultScope

from tests.helpers.tiny_coco import CODEC
from tests.helpers.tiny_models import model_cfg, write_teacher


class Files(NamedTuple):
    """Of one model."""

    config: str
    checkpoint: str


def routed(**backbone: Any) -> dict:
    """Config of a model of COCO (17 keypoints) and AIC (14)."""
    cfg = model_cfg(16, **backbone)
    shared = {**cfg['head'], 'decoder': CODEC}
    heads = {'coco': {'out_channels': 17}, 'aic': {'out_channels': 14}}
    return {**cfg, 'head': {'type': 'vitpose_mm.DatasetRouter', 'heads': heads, 'shared': shared}}


KINDS: dict[str, Callable[[], dict]] = {
    'classic': lambda: model_cfg(16),
    'windows': lambda: model_cfg(
        16, head='Simple', attention=['shift+pool', 'full'], window_size=(3, 2), rel_pos='all', num_tokens=2
    ),
    'experts': lambda: {**routed(num_experts=2), 'expert_ids': {'coco': 0, 'aic': 1}},
}
PREPROCESSOR = {
    'type': 'PoseDataPreprocessor',
    'mean': [90.0, 120.0, 150.0],
    'std': [50.0, 60.0, 70.0],
    'bgr_to_rgb': True,
}


@pytest.fixture(scope='session')
def make_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Files]:
    """Write the files of a kind of model, with random weights."""
    made: dict[str, Files] = {}

    def make(kind: str) -> Files:
        if kind not in made:
            made[kind] = write_files(tmp_path_factory.mktemp(kind), KINDS[kind]())
        return made[kind]

    return make


def write_files(folder: Path, model: dict) -> Files:
    """Write config and checkpoint of a model."""
    config, model = folder / 'tiny.py', {**model, 'data_preprocessor': PREPROCESSOR}
    pipeline = [
        {'type': 'LoadImage'},
        {'type': 'GetBBoxCenterScale'},
        {'type': 'TopdownAffine', 'input_size': CODEC['input_size'], 'use_udp': True},
        {'type': 'PackPoseInputs'},
    ]
    dataset = {
        'type': 'CocoDataset',
        'metainfo': {'from_file': 'configs/_base_/datasets/coco.py'},
        'pipeline': pipeline,
    }
    config.write_text(f"default_scope = 'mmpose'\nmodel = {model!r}\ntest_dataloader = dict(dataset={dataset!r})\n")
    with DefaultScope.overwrite_default_scope('mmpose'):
        return Files(str(config), write_teacher(folder / 'tiny.pth', model, meta=None))
