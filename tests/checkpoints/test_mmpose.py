"""mmpose's own ViTPose models and ours with converted weights give the same heatmaps."""

from __future__ import annotations

from pathlib import Path

import mmpose
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from mmpose.utils import register_all_modules

from vitpose_mm.checkpoints import convert
from vitpose_mm.models import PoseEstimator

CONFIGS = Path(mmpose.__file__).parent / '.mim/configs/body_2d_keypoint/topdown_heatmap/coco'


def build_theirs(kind: str) -> tuple[torch.nn.Module, dict]:
    """mmpose's ViTPose-B from its own config, two blocks deep, with seeded weights and statistics."""
    register_all_modules()
    config = Config.fromfile(CONFIGS / f'td-hm_ViTPose-base{kind}_8xb64-210e_coco-256x192.py').model
    config.backbone.init_cfg = None
    config.backbone.arch = dict(embed_dims=768, num_layers=2, num_heads=12, feedforward_channels=3072)
    model = MODELS.build(config).eval()
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn_like(value) / max(value[0].numel() if value.ndim > 1 else 25, 1) ** 0.5
            positive = name.endswith('running_var') or ('ln' in name and name.endswith('weight'))
            value.copy_(1 + 0.2 * noise.abs() if positive else noise)
    return model, config


@pytest.mark.slow
@pytest.mark.parametrize(('kind', 'head'), [('', 'ClassicHead'), ('-simple', 'SimpleHead')])
def test_heatmaps_equal_mmpose_and_the_way_back_is_bit_equal(kind: str, head: str) -> None:
    theirs, config = build_theirs(kind)
    state, report = convert(theirs.state_dict())
    assert report.origin == 'mmpose' and report.complete
    ours = PoseEstimator(
        dict(type='vitpose_mm.ViT', arch=dict(embed_dims=768, num_layers=2, num_heads=12)),
        dict(type=f'vitpose_mm.{head}', in_channels=768, out_channels=17),
        data_preprocessor=dict(config.data_preprocessor),
    ).eval()
    ours.load_state_dict(state)
    x = torch.randn(1, 3, 256, 192)
    with torch.no_grad():
        expected, heatmaps = theirs(x, None, mode='tensor'), ours(x, None, mode='tensor')
    assert expected.std() > 0.1
    torch.testing.assert_close(heatmaps, expected, atol=1e-4, rtol=0)
    back, _ = convert(ours.state_dict(), target='mmpose')
    source = theirs.state_dict()
    assert back.keys() == source.keys()
    assert all(torch.equal(back[name], source[name]) for name in source)
    theirs.load_state_dict(back)
