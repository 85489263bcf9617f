"""Small models that stand in for the measured ones."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = """
default_scope = 'mmpose'
codec = dict(type='UDPHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
model = dict(
    type='{estimator}',
    backbone=dict(
        type='vitpose_mm.ViT', arch=dict(embed_dims=32, num_layers=2, num_heads=4), input_size=(48, 64),
        init_cfg=dict(type='Pretrained', checkpoint='no/such/file.pth'), {options}
    ),
    head=dict(type='vitpose_mm.ClassicHead', in_channels=32, out_channels=3, num_upsamples={steps}, decoder=codec),
)
"""


def write_config(path: Path, estimator: str = 'vitpose_mm.PoseEstimator', steps: int = 2, options: str = '') -> Path:
    """A config of a tiny model at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CONFIG.format(estimator=estimator, steps=steps, options=options))
    return path


@pytest.fixture
def tiny_config(tmp_path: Path) -> Path:
    """A config of a tiny model, whose checkpoint does not exist: benchmarks need none."""
    return write_config(tmp_path / 'tiny.py')


@pytest.fixture
def tiny_attention(tmp_path: Path) -> Path:
    """A folder of configs with two rows of the attention table, tiny."""
    for name, kind in (('full', 'full'), ('shift-pool', 'shift+pool')):
        path = tmp_path / 'attention' / f'vitpose_base_stride8-{name}_coco-256x192.py'
        write_config(path, steps=1, options=f"patch_ratio=2, attention='{kind}', window_size=(4, 3),")
    return tmp_path
