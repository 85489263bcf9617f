from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from vitpose_mm.checkpoints import convert
from vitpose_mm.checkpoints.key_tables import DATASETS
from vitpose_mm.models import ViT

State = dict[str, torch.Tensor]


@pytest.mark.parametrize(('index', 'dataset'), enumerate(DATASETS))
def test_a_collapsed_model_is_the_same_function(plus_plus: State, index: int, dataset: str) -> None:
    """fc2 of the plain model = [shared fc2; expert], as ViTPose++ computes it, and the dataset's own decoder."""
    state, report = convert(plus_plus, dataset=dataset)
    assert report.complete and not any('experts' in name or 'heads' in name for name in state)
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
        convert(plus_plus, target='mmpose')
    no_head = {name: value for name, value in plus_plus.items() if 'heads.4' not in name}
    with pytest.raises(ValueError, match='no decoder for coco_wholebody: it has some for coco, aic'):
        convert(no_head, dataset='wholebody')
    no_expert = {name: value for name, value in plus_plus.items() if 'experts.5' not in name}
    with pytest.raises(ValueError, match='no expert 5 in block 0'):
        convert(no_expert, dataset='wholebody')
    damaged = dict(plus_plus)
    damaged['backbone.blocks.0.mlp.experts.0.weight'] = torch.ones(2, 48)
    with pytest.raises(ValueError, match='9 shared and 2 expert features are not the width of 12'):
        convert(damaged, dataset='coco')
    with pytest.raises(ValueError, match="--dataset 'mpii': the file holds a model of one dataset"):
        convert(official, dataset='mpii')
    convert(official, dataset='coco')
    for name in ('final_layer.weight', 'final_layer.bias'):  # CrowdPose's 14 at the index of AP-10K's 17
        plus_plus[f'associate_keypoint_heads.2.{name}'] = plus_plus[f'associate_keypoint_heads.2.{name}'][:14]
    convert(plus_plus, dataset='mpii')
    for dataset in ('ap10k', None):
        with pytest.raises(ValueError, match='index of ap10k predicts 14 keypoints and ap10k has 17'):
            convert(plus_plus, dataset=dataset)


def test_the_only_decoder_beside_experts_is_kept_and_said(plus_plus: State) -> None:
    one = {name: value for name, value in plus_plus.items() if 'associate' not in name}
    _, report = convert(one, dataset='aic')
    assert report.complete and 'the only decoder of the file was kept: no aic decoder is in it' in report.notes


def test_without_a_dataset_it_is_a_routed_model(plus_plus: State) -> None:
    """Every decoder below its dataset's name, as wide as it has keypoints; the experts stay as they are."""
    state, report = convert(plus_plus)
    assert report.complete and report.resized == [
        f'head.heads.mpii.final_layer.{leaf} 133 -> 16 keypoints (the first ones)' for leaf in ('weight', 'bias')
    ]
    widths = {name.split('.')[2]: len(value) for name, value in state.items() if name.endswith('final_layer.bias')}
    assert widths == {'coco': 17, 'aic': 14, 'mpii': 16, 'ap10k': 17, 'apt36k': 17, 'coco_wholebody': 133}
    source = 'associate_keypoint_heads.4.deconv_layers.3.weight'
    assert torch.equal(state['head.heads.coco_wholebody.deconv_layers.3.weight'], plus_plus[source])
    name = 'backbone.blocks.1.mlp.experts.5.weight'
    assert torch.equal(state[name], plus_plus[name])
    back, _ = convert(state, target='official')
    assert set(back) == set(plus_plus) - {'backbone.cls_token'}
    assert all(torch.equal(value, plus_plus[name][: len(value)]) for name, value in back.items())


@pytest.mark.parametrize('dataset', ['mpii', 'coco_wholebody'])
def test_a_routed_model_of_ours_gives_the_same_single_one(plus_plus: State, dataset: str) -> None:
    routed, _ = convert(plus_plus)
    again, _ = convert(routed, dataset=dataset)
    expected, _ = convert(plus_plus, dataset=dataset.removeprefix('coco_'))
    assert set(again) == set(expected) and all(torch.equal(again[name], expected[name]) for name in expected)


def test_an_expert_of_another_order_is_named(plus_plus: State) -> None:
    routed, _ = convert(plus_plus)
    state, report = convert(routed, dataset='aic', expert=4)
    part = plus_plus['backbone.blocks.0.mlp.experts.4.weight']
    assert torch.equal(state['backbone.blocks.0.mlp.fc2.weight'][-len(part) :], part)
    assert torch.equal(state['head.final_layer.bias'], convert(plus_plus, dataset='aic')[0]['head.final_layer.bias'])
    assert not any('--expert' in note for note in report.notes)
    _, report = convert(routed, dataset='aic')
    assert 'expert 1 is that of aic in the released order; with other expert_ids name it: --expert N' in report.notes
    with pytest.raises(ValueError, match='The file has no expert 9 in block 0'):
        convert(routed, dataset='aic', expert=9)


def test_a_dataset_of_ones_own(plus_plus: State) -> None:
    """Its decoder can be chosen by name; which expert is its own is not in the file."""
    routed, _ = convert(plus_plus)
    mine = {name.replace('heads.ap10k', 'heads.mine'): value for name, value in routed.items()}
    with pytest.raises(ValueError, match="Which expert is that of 'mine' is in no file"):
        convert(mine, dataset='mine')
    with pytest.raises(ValueError, match='no decoder for ap10k: it has some for coco, aic, mpii, mine'):
        convert(mine, dataset='ap10k')
    without = {name: value for name, value in mine.items() if '.experts.' not in name}
    for name in [name for name in without if '.fc2.' in name]:
        without[name] = torch.cat([without[name], mine[name.replace('.fc2.', '.experts.0.')]])
    state, _ = convert(without, dataset='mine')
    assert torch.equal(state['head.final_layer.bias'], plus_plus['associate_keypoint_heads.2.final_layer.bias'])


def test_a_routed_model_that_lacks_a_part_is_not_written(plus_plus: State) -> None:
    del plus_plus['associate_keypoint_heads.1.deconv_layers.4.running_mean']
    _, report = convert(plus_plus)
    assert report.missing == ['head.heads.mpii.deconv_layers.4.running_mean']


@pytest.mark.parametrize(('index', 'dataset'), enumerate(DATASETS))
def test_the_collapsed_model_predicts_the_same_bit_by_bit(plus_plus: State, index: int, dataset: str) -> None:
    """Real modules: a ViT with experts on a batch of one dataset, and the plain ViT of the converter."""
    arch = dict(embed_dims=12, num_layers=2, num_heads=3)
    experts, plain = ViT(arch, (48, 64), num_experts=6), ViT(arch, (48, 64))
    backbone = {name.removeprefix('backbone.'): value for name, value in plus_plus.items() if 'backbone.' in name}
    experts.load_state_dict({name: value for name, value in backbone.items() if name != 'cls_token'})
    state, _ = convert(plus_plus, dataset=dataset)
    plain.load_state_dict({name[9:]: value for name, value in state.items() if name.startswith('backbone.')})
    crops = torch.randn(3, 3, 64, 48)
    assert torch.equal(experts(crops, torch.full((3,), index))[0], plain(crops)[0])
    mixed = experts(crops, torch.tensor([(index + 1) % 6, index, (index + 1) % 6]))[0]
    torch.testing.assert_close(mixed[1], plain(crops)[0][1], atol=1e-5, rtol=1e-5)
    assert (mixed[0] - plain(crops)[0][0]).abs().max() > 0.1
