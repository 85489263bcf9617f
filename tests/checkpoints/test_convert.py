from __future__ import annotations

import re

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from vitpose_mm.checkpoints import CheckpointError, convert, state_dict_of
from vitpose_mm.checkpoints.convert import to_native
from vitpose_mm.checkpoints.key_tables import ORIGINS

State = dict[str, Tensor]


def assert_same(one: State, other: State) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.parametrize('name', ORIGINS)
def test_tables_name_everything_once(name: str) -> None:
    """A table that maps both ways has every name once on each side; timm's is for reading only."""
    table = ORIGINS[name].table
    assert len({theirs for theirs, _ in table}) == len(table)
    assert name == 'timm' or len({ours for _, ours in table}) == len(table)


@pytest.mark.parametrize('target', ['vitpose_mm', 'hf', 'official'])
def test_official_there_and_back_is_bit_equal(official: State, target: str) -> None:
    there, report = convert(official, target=target)
    assert report.origin == 'official' and report.complete
    back, report = convert(there, target='official')
    assert report.origin == target and report.complete
    assert_same(back, official)


def test_mmpose_there_and_back_is_bit_equal_but_for_the_folded_row(official: State) -> None:
    there, report = convert(official, target='mmpose')
    assert report.folded == ['the first token of pos_embed, added to all others']
    assert there['backbone.pos_embed'].shape == (1, 12, 12)
    back, report = convert(there, target='official')
    assert report.origin == 'mmpose' and report.folded == []
    position = back.pop('backbone.pos_embed')
    old = official.pop('backbone.pos_embed')
    assert_same(back, official)
    assert not position[:, 0].any()
    assert torch.equal(position[:, 1:], old[:, 1:] + old[:, :1])
    again, _ = convert({**back, 'backbone.pos_embed': position}, target='mmpose')
    assert_same(again, there)


def test_ours_has_the_official_names_and_the_grid(official: State) -> None:
    state, report = convert(official)
    assert set(state) == {name.replace('keypoint_head', 'head') for name in official} | {'backbone.pos_grid'}
    assert state['backbone.pos_grid'].tolist() == [4, 3]
    assert report.renamed == {name: name.replace('keypoint_head', 'head') for name in official if 'head' in name}


def test_an_oks_scorer_stays_in_ours_and_is_dropped_elsewhere(official: State) -> None:
    ours, _ = convert(official)
    names = [f'layers.{i}.{leaf}' for i in (0, 2) for leaf in ('weight', 'bias')] + ['norm.running_mean']
    scorer = {f'head.oks_scorer.{name}': torch.randn(3) for name in names}
    same, report = convert({**ours, **scorer})
    assert report.complete
    assert_same(same, {**ours, **scorer})
    back, report = convert({**ours, **scorer}, target='official')
    assert report.complete and report.dropped == ['the OKS scorers: scores will be the maxima of the heatmaps']
    assert_same(back, official)


def test_hugging_face_gets_queries_keys_and_values_apart(official: State) -> None:
    state, report = convert(official, target='hf')
    whole = official['backbone.blocks.1.attn.qkv.weight']
    for n, name in enumerate(('query', 'key', 'value')):
        part = state[f'backbone.encoder.layer.1.attention.attention.{name}.weight']
        assert torch.equal(part, whole[12 * n : 12 * n + 12])
    assert torch.equal(state['head.batchnorm2.running_var'], official['keypoint_head.deconv_layers.4.running_var'])
    assert any('config.json' in note for note in report.notes)


def test_mae_keeps_its_first_token_and_pads_its_kernel(mae: State) -> None:
    state, report = convert(mae)
    assert report.origin == 'mae' and report.complete
    assert report.resized == ['patch kernel 14x14 -> 16x16 pixels (zero-padded)']
    assert set(report.dropped) >= {'backbone.cls_token', 'backbone.mask_token', 'backbone.decoder_embed.weight'}
    assert torch.equal(state['patch_embed.proj.weight'], F.pad(mae['patch_embed.proj.weight'], (1, 1, 1, 1)))
    assert torch.equal(state['pos_embed'], mae['pos_embed'])
    assert torch.equal(state['last_norm.bias'], mae['norm.bias'])
    assert state['pos_grid'].tolist() == [4, 4]
    assert all(not name.startswith('backbone.') for name in state)
    folded, _ = convert(mae, target='mmpose')
    assert torch.equal(folded['pos_embed'], mae['pos_embed'][:, 1:] + mae['pos_embed'][:, :1])


def test_timm_loses_the_row_of_its_class_token(mae: State) -> None:
    """The same names without MAE's decoder are timm's or DINO's, unless the first row is zero as MAE's is."""
    encoder = {name: value for name, value in mae.items() if not name.startswith(('decoder', 'mask'))}
    state, report = convert(encoder)
    assert report.origin == 'timm'
    assert 'the first 1 of 17 tokens of pos_embed (the class token)' in report.dropped
    assert not state['pos_embed'][:, 0].any() and torch.equal(state['pos_embed'][:, 1:], mae['pos_embed'][:, 1:])
    kernel = F.interpolate(mae['patch_embed.proj.weight'], size=(16, 16), mode='bicubic', align_corners=False)
    torch.testing.assert_close(state['patch_embed.proj.weight'], kernel * (14 / 16) ** 2)
    encoder['pos_embed'][:, 0] = 0
    assert convert(encoder)[1].origin == 'mae'
    assert convert(encoder, origin='timm')[1].origin == 'timm'


def test_the_grid_is_told_or_guessed_and_resized_without_antialiasing(mae: State) -> None:
    state, report = convert(mae, to_grid=(3, 2))
    old = mae['pos_embed'][:, 1:].view(1, 4, 4, 12).permute(0, 3, 1, 2)
    new = F.interpolate(old, size=(3, 2), mode='bicubic', align_corners=False, antialias=False)
    torch.testing.assert_close(state['pos_embed'][:, 1:], new.flatten(2).transpose(1, 2))
    blurred = F.interpolate(old, size=(3, 2), mode='bicubic', align_corners=False, antialias=True)
    assert (state['pos_embed'][:, 1:] - blurred.flatten(2).transpose(1, 2)).abs().max() > 0.1
    assert state['pos_grid'].tolist() == [3, 2]
    assert 'position grid 4x4 -> 3x2 tokens (bicubic)' in report.resized
    assert convert(mae, grid=(2, 8))[0]['pos_grid'].tolist() == [2, 8]
    with pytest.raises(ValueError, match=r'17 tokens was not trained on a grid of 16x12: --grid names .*--to-grid'):
        convert(mae, grid=(16, 12))
    mae['pos_embed'] = mae['pos_embed'][:, :11]
    with pytest.raises(ValueError, match=r'11 tokens is neither a square nor a 4:3 grid'):
        convert(mae)


def test_our_files_say_their_grid(official: State) -> None:
    state, _ = convert(official, grid=(2, 6))
    again, _ = convert(state, to_grid=(4, 6))
    direct, _ = convert(official, grid=(2, 6), to_grid=(4, 6))
    assert_same(again, direct)


def test_wrappers_and_prefixes_are_seen_through(official: State, mae: State) -> None:
    wrapped = {f'module.{name}': value for name, value in official.items()}
    assert_same(convert(wrapped)[0], convert(official)[0])
    for checkpoint in (
        {'state_dict': mae, 'meta': {}},
        {'model': mae, 'epoch': 3},
        {'teacher': mae, 'student': {}},
        mae,
    ):
        assert_same(state_dict_of(checkpoint), mae)
    with pytest.raises(CheckpointError, match='holds no weights: its keys are meta'):
        state_dict_of({'meta': {}})


def test_what_is_missing_is_named(official: State) -> None:
    for name in ('backbone.blocks.0.norm2.bias', 'keypoint_head.deconv_layers.4.running_var', 'backbone.pos_embed'):
        _, report = convert({key: value for key, value in official.items() if key != name}, origin='official')
        assert report.missing == [name.replace('keypoint_head', 'head')] and not report.complete
    gap = {key: value for key, value in official.items() if '.blocks.0.' not in key}
    assert len(convert(gap, origin='official')[1].missing) == 12
    state, _ = convert(official, target='hf')
    del state['backbone.encoder.layer.0.attention.attention.key.weight']
    assert convert(state)[1].missing == ['backbone.blocks.0.attn.qkv.weight']


@pytest.mark.parametrize('gap', [r'blocks\.1\.mlp\.experts', r'blocks\.0\.mlp\.experts\.2', r'mlp\.experts'])
def test_missing_experts_are_named(plus_plus: State, gap: str) -> None:
    whole = {name: value for name, value in plus_plus.items() if not re.search(gap, name)}
    _, report = convert(whole, dataset='coco')
    assert report.missing and all('experts' in name for name in report.missing)


def test_half_a_decoder_and_half_a_convolution_are_named(official: State) -> None:
    for gap in ('deconv_layers.[34]', 'deconv_layers'):
        _, report = convert({name: value for name, value in official.items() if not re.search(gap, name)})
        assert 'head.deconv_layers.3.weight' in report.missing
    ours, _ = convert(official)
    ours['backbone.blocks.1.conv.expand.weight'] = torch.ones(12, 12, 1, 1)
    assert 'backbone.blocks.0.conv.norm.running_mean' in convert(ours)[1].missing


@pytest.mark.parametrize('target', ['vitpose_mm', 'mmpose'])
def test_a_decoder_that_cannot_read_the_backbone_lacks_its_deconvolutions(official: State, target: str) -> None:
    state, _ = convert(official, target=target)
    _, report = convert({name: value for name, value in state.items() if 'deconv_layers' not in name})
    assert report.origin == target and 'head.deconv_layers.0.weight' in report.missing


def test_half_a_position_bias_is_named(official: State) -> None:
    ours, _ = convert(official)
    ours['backbone.blocks.0.attn.rel_pos.rel_pos_h'] = torch.ones(7, 4)
    assert convert(ours)[1].missing == ['backbone.blocks.0.attn.rel_pos.rel_pos_w']


@pytest.mark.parametrize('sizes', [dict(to_grid=(0, 3)), dict(grid=(-4, -3)), dict(patch_size=0)])
def test_sizes_are_above_zero(official: State, sizes: dict) -> None:
    with pytest.raises(
        ValueError, match=r'--(to-grid|grid|patch-size) [-\d ]+ is not a valid size: give numbers above 0'
    ):
        convert(official, **sizes)


def test_what_nobody_knows_is_named(official: State) -> None:
    official['backbone.blocks.0.attn.q_norm.weight'] = torch.ones(4)
    _, report = convert(official)
    assert report.unknown == ['backbone.blocks.0.attn.q_norm.weight'] and not report.complete


def test_targets_refuse_what_they_cannot_hold(official: State, plus_plus: State) -> None:
    ours, _ = convert(official)
    for axis in 'hw':
        ours[f'backbone.blocks.0.attn.rel_pos.rel_pos_{axis}'] = torch.ones(7, 4)
    assert 'backbone.blocks.0.attn.rel_pos.rel_pos_h' in convert(ours)[0]
    with pytest.raises(ValueError, match=r'hf format cannot hold backbone\.blocks\.0\.attn\.rel_pos'):
        convert(ours, target='hf')
    with pytest.raises(ValueError, match='several datasets: name the one to keep with --dataset'):
        convert(plus_plus, target='hf')
    half = {name: value for name, value in convert(official)[0].items() if not re.search(r'deconv_layers\.[34]', name)}
    assert convert(half)[1].complete  # our decoders at 1/8 features have one deconvolution
    for target in ('hf', 'official'):
        with pytest.raises(ValueError, match=f'has 1 deconvolution: those of the {target} format have none or two'):
            convert(half, target=target)
    there, _ = convert(half, target='mmpose')
    back, report = convert(there)
    assert report.complete and back.keys() == half.keys()
    with pytest.raises(ValueError, match="--to 'mae' is not known"):
        convert(official, target='mae')
    with pytest.raises(ValueError, match=r'names of the file \(conv1\.weight, \.\.\.\) are not of a known origin'):
        convert({'conv1.weight': torch.ones(1)})


def test_half_precision_stays_unless_it_is_computed_with(mae: State) -> None:
    half = {name: value.half() for name, value in mae.items()}
    state, _ = convert(half, origin='timm', to_grid=(3, 2))
    assert {name for name, value in state.items() if value.dtype == torch.float32} == {
        'pos_embed',
        'patch_embed.proj.weight',
    }
    native, _ = to_native(half)
    assert torch.equal(native['backbone.blocks.1.mlp.fc1.weight'], half['blocks.1.mlp.fc1.weight'])
