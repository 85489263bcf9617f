from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from vitpose_mm.checkpoints import convert
from vitpose_mm.checkpoints.keymaps import DATASETS

State = dict[str, torch.Tensor]


@pytest.mark.parametrize(('index', 'dataset'), enumerate(DATASETS))
def test_a_collapsed_model_is_the_same_function(plus_plus: State, index: int, dataset: str) -> None:
    """fc2 of the plain model = [shared fc2; expert], as ViTPose++ computes it, and the dataset's own decoder."""
    state, report = convert(plus_plus, dataset=dataset)
    assert report.complete and not any('experts' in name or 'associate' in name for name in state)
    h = torch.randn(5, 48, dtype=torch.float64)
    for block in range(2):
        old, new = f'backbone.blocks.{block}.mlp', f'backbone.blocks.{block}.mlp.fc2'
        parts = [
            F.linear(h, plus_plus[f'{old}.{name}.weight'].double(), plus_plus[f'{old}.{name}.bias'].double())
            for name in ('fc2', f'experts.{index}')
        ]
        whole = F.linear(h, state[f'{new}.weight'].double(), state[f'{new}.bias'].double())
        torch.testing.assert_close(whole, torch.cat(parts, -1), atol=1e-12, rtol=0)
    head = 'keypoint_head' if index == 0 else f'associate_keypoint_heads.{index - 1}'
    keypoints = {'coco': 17, 'aic': 14, 'mpii': 16, 'ap10k': 17, 'apt36k': 17, 'wholebody': 133}[dataset]
    assert state['head.final_layer.weight'].shape == (keypoints, 8, 1, 1)
    for name in ('final_layer.weight', 'final_layer.bias'):
        assert torch.equal(state[f'head.{name}'], plus_plus[f'{head}.{name}'][:keypoints])
    name = 'deconv_layers.4.running_var'
    assert torch.equal(state[f'head.{name}'], plus_plus[f'{head}.{name}'])


def test_a_wide_decoder_is_said(plus_plus: State) -> None:
    _, report = convert(plus_plus, dataset='mpii')
    assert 'head.final_layer.weight 133 -> 16 keypoints (the first ones)' in report.resized
    assert report.dropped == [
        'backbone.cls_token',
        'the other experts of 2 blocks',
        'the decoders of the other datasets',
    ]


def test_split_files_that_still_carry_experts(plus_plus: State) -> None:
    """The authors' splitter joins fc2 and leaves the experts in: they are left out, fc2 stays."""
    for block in range(2):
        stem = f'backbone.blocks.{block}.mlp'
        for leaf in ('weight', 'bias'):
            joined = torch.cat([plus_plus[f'{stem}.fc2.{leaf}'], plus_plus[f'{stem}.experts.1.{leaf}']])
            plus_plus[f'{stem}.fc2.{leaf}'] = joined
    state, _ = convert(plus_plus, dataset='coco')
    assert torch.equal(state['backbone.blocks.1.mlp.fc2.weight'], plus_plus['backbone.blocks.1.mlp.fc2.weight'])


def test_what_the_file_does_not_have_is_said(plus_plus: State, official: State) -> None:
    with pytest.raises(ValueError, match="--dataset 'crowdpose' is not known: choose one of coco, aic"):
        convert(plus_plus, dataset='crowdpose')
    with pytest.raises(ValueError, match='model of several datasets: name the one to keep with --dataset'):
        convert(plus_plus)
    no_head = {name: value for name, value in plus_plus.items() if 'heads.4' not in name}
    with pytest.raises(ValueError, match='no decoder for wholebody'):
        convert(no_head, dataset='wholebody')
    no_expert = {name: value for name, value in plus_plus.items() if 'experts.5' not in name}
    with pytest.raises(ValueError, match='no expert 5 in block 0'):
        convert(no_expert, dataset='wholebody')
    damaged = dict(plus_plus)
    damaged['backbone.blocks.0.mlp.experts.0.weight'] = torch.ones(2, 48)
    with pytest.raises(ValueError, match='9 shared and 2 expert features are not the width of 12'):
        convert(damaged, dataset='coco')
    _, report = convert(official, dataset='mpii')
    assert 'the only decoder of the file was kept: no mpii decoder is in it' in report.notes
