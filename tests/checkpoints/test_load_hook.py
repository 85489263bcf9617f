"""init_cfg and load_from take files of every origin as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch
from mmengine.runner import load_checkpoint
from safetensors.torch import save_file
from torch import Tensor

from vitpose_mm.checkpoints import convert, convert_on_load
from vitpose_mm.checkpoints.key_tables import ROUTED
from vitpose_mm.models import PoseEstimator, ViT
from vitpose_mm.models.heads.base import PoseHeatmapHead
from vitpose_mm.registry import MODELS
from vitpose_mm.utils.position_grid import resize_position

State = dict[str, Tensor]


@MODELS.register_module()
class HeatmapClassic8(PoseHeatmapHead):
    """A classic decoder of 8 channels, as the small files of these tests have it."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, (8, 8), (4, 4))


ARCH = dict(embed_dims=12, num_layers=2, num_heads=3)


def make_vit(**kwargs: object) -> ViT:
    return ViT(ARCH, input_size=(48, 64), **kwargs)


def make_estimator() -> PoseEstimator:
    return PoseEstimator(
        dict(type='vitpose_mm.ViT', arch=ARCH, input_size=(48, 64)),
        dict(type='vitpose_mm.SimpleHead', in_channels=12, out_channels=17),
    )


@pytest.fixture
def simple(official: State) -> State:
    """The authors' model with a simple decoder."""
    rest = {name: value for name, value in official.items() if 'head' not in name}
    head = {'weight': torch.randn(17, 12, 3, 3), 'bias': torch.randn(17)}
    return rest | {f'keypoint_head.final_layer.{name}': value for name, value in head.items()}


@pytest.mark.parametrize('target', ['official', 'vitpose_mm', 'mmpose', 'hf'])
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_load_from_takes_every_format(tmp_path: Path, simple: State, target: str, suffix: str) -> None:
    """The whole model: loaded in place it is what the converter makes of the file."""
    state, _ = convert(simple, target=target)
    file = tmp_path / f'model{suffix}'
    save_file(state, file) if suffix == '.safetensors' else torch.save({'state_dict': state}, file)
    model = make_estimator()
    load_checkpoint(model, str(file), strict=True)
    expected, _ = convert(state)
    assert all(torch.equal(value, expected[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize('target', ['official', 'vitpose_mm', 'mmpose', 'hf'])
def test_init_cfg_takes_the_backbone_of_a_whole_model(tmp_path: Path, simple: State, target: str) -> None:
    state, _ = convert(simple, target=target)
    torch.save(state, tmp_path / 'model.pth')
    vit = make_vit(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'model.pth')))
    vit.init_weights()
    expected, _ = convert(state)
    assert all(torch.equal(value, expected[f'backbone.{name}']) for name, value in vit.state_dict().items())


def test_init_cfg_takes_mae_and_resizes_its_grid(tmp_path: Path, mae: State) -> None:
    torch.save({'model': mae}, tmp_path / 'mae.pth')
    torch.save({'state_dict': mae}, tmp_path / 'mae2.pth')
    vit = make_vit(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'mae2.pth')))
    vit.init_weights()
    expected, _ = convert(mae, to_grid=(4, 3))
    assert all(torch.equal(value, expected[name]) for name, value in vit.state_dict().items())
    estimator = make_estimator()
    load_checkpoint(estimator, str(tmp_path / 'mae2.pth'))
    assert torch.equal(estimator.backbone.blocks[1].mlp.fc2.bias, mae['blocks.1.mlp.fc2.bias'])


def test_init_cfg_takes_files_that_keep_weights_under_another_name(tmp_path: Path, mae: State) -> None:
    """MAE's own files say ``model``, DINO's ``teacher``."""
    for holder in ('model', 'teacher'):
        torch.save({holder: mae, 'epoch': 3}, tmp_path / 'mae.pth')
        vit = make_vit(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'mae.pth')))
        vit.init_weights()
        assert torch.equal(vit.blocks[1].mlp.fc2.bias, mae['blocks.1.mlp.fc2.bias'])


def test_the_real_vit_small_loads_as_it_is(shared_data: Path) -> None:
    path = shared_data / 'weights' / 'vit_small_patch14_dinov2like_fp16.pth'
    vit = ViT(dict(embed_dims=384, num_layers=12, num_heads=6), init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    vit.init_weights()
    expected, report = convert(torch.load(path, weights_only=True), to_grid=(16, 12))
    assert report.origin == 'timm' and report.complete
    for name, value in vit.state_dict().items():
        torch.testing.assert_close(value, expected[name].to(value), atol=1e-6, rtol=0)


def test_a_grid_that_cannot_be_guessed_is_the_modules_own(official: State) -> None:
    official['backbone.pos_embed'] = torch.randn(1, 1 + 5 * 2, 12)
    ViT(ARCH, input_size=(32, 80)).load_state_dict(official)
    with pytest.raises(
        ValueError, match='11 tokens is neither a square nor a 4:3 grid: name the one it was trained on'
    ):
        make_vit().load_state_dict(official)


@pytest.mark.parametrize('target', ['official', 'mmpose', 'hf'])
def test_a_grid_with_as_many_places_as_the_modules_is_its_own(target: str) -> None:
    """12 tokens: 4x3 by the rule, 3x4 in a wide model; the converter says that the way back needs the grid."""
    wide = ViT(ARCH, input_size=(64, 48))
    torch.nn.init.normal_(wide.pos_embed)
    ours = {f'backbone.{name}': value for name, value in wide.state_dict().items()}
    theirs, report = convert(ours, target=target)
    assert any('--grid H W' in note for note in report.notes)
    again = ViT(ARCH, input_size=(64, 48))
    again.load_state_dict(theirs, strict=False)
    embeddings = [vit.pos_embed[:, 1:] + vit.pos_embed[:, :1] for vit in (wide, again)]
    torch.testing.assert_close(*embeddings)
    _, report = convert(convert(ours, to_grid=(4, 3))[0], target=target)
    assert not any('--grid H W' in note for note in report.notes)


@pytest.mark.parametrize('target', ['official', 'mmpose', 'hf'])
def test_an_upright_file_is_resized_for_a_landscape_model_of_as_many_tokens(target: str) -> None:
    """4x3 tokens, as of all released weights, in a model of 3x4; MAE's start is as smooth as a trained embedding."""
    upright, lying = make_vit(), ViT(ARCH, input_size=(64, 48))
    upright.init_weights()
    ours = {f'backbone.{name}': value for name, value in upright.state_dict().items()}
    lying.load_state_dict(convert(ours, target=target)[0], strict=False)
    expected = resize_position(upright.pos_embed, (4, 3), (3, 4))
    torch.testing.assert_close(lying.pos_embed, expected)
    assert lying.pos_grid.tolist() == [3, 4]


def test_experts_are_not_left_out_silently(plus_plus: State) -> None:
    for module in (make_vit(), make_estimator()):
        with pytest.raises(ValueError, match='experts of several datasets and the model has none'):
            module.load_state_dict(plus_plus, strict=False)
    ours, _ = convert(plus_plus)
    vit = {name.removeprefix('backbone.'): value for name, value in ours.items()}
    for module, state in ((make_vit(), vit), (make_estimator(), ours)):
        with pytest.raises(ValueError, match='experts of several datasets and the model has none'):
            module.load_state_dict(state, strict=False)


@pytest.mark.parametrize('make', [make_vit, make_estimator])
def test_our_own_and_strange_files_pass_untouched(make: Callable[[], torch.nn.Module]) -> None:
    model = make()
    for state in (model.state_dict(prefix='student.'), {'student.conv1.weight': torch.ones(1)}, {}):
        seen = dict(state)
        convert_on_load(model, seen, 'student.')
        assert list(seen) == list(state) and all(seen[name] is state[name] for name in state)


def make_routed(names: Iterable[str], **kwargs: object) -> PoseEstimator:
    return PoseEstimator(
        dict(type='vitpose_mm.ViT', arch=ARCH, input_size=(48, 64), **kwargs),
        dict(
            type='vitpose_mm.DatasetRouter',
            shared=dict(type='vitpose_mm.HeatmapClassic8', in_channels=12),
            heads={name: dict(out_channels=ROUTED[name]) for name in names},
        ),
        expert_ids={name: place for place, name in enumerate(ROUTED)} if kwargs else None,
    )


@pytest.mark.parametrize('names', [list(ROUTED), ['mpii', 'coco']])
def test_a_routed_model_takes_a_file_of_several_datasets(tmp_path: Path, plus_plus: State, names: list[str]) -> None:
    """Each head its dataset's decoder, cut where it is wider; decoders without a head are left out."""
    torch.save({'state_dict': plus_plus}, tmp_path / 'plus.pth')
    model = make_routed(names, num_experts=6)
    load_checkpoint(model, str(tmp_path / 'plus.pth'), strict=True)
    expected, _ = convert(plus_plus)
    for name, value in model.state_dict().items():
        if 'num_batches' not in name:
            assert torch.equal(value, expected[name]), name


def test_a_decoder_without_a_head_may_be_of_any_size(plus_plus: State) -> None:
    """An official joint file whose fourth dataset is CrowdPose: its decoder is taken for AP-10K's and left out."""
    plain = {name: value for name, value in plus_plus.items() if '.experts.' not in name and '.fc2.' not in name}
    for leaf in ('weight', 'bias'):
        plain[f'associate_keypoint_heads.2.final_layer.{leaf}'] = torch.ones(
            14, *((8, 1, 1) if leaf == 'weight' else ())
        )
    model = make_routed(['coco', 'aic'])
    model.load_state_dict(plain, strict=False)
    assert torch.equal(
        model.head.heads['aic'].final_layer.bias, plus_plus['associate_keypoint_heads.0.final_layer.bias']
    )


def test_a_single_decoder_goes_to_the_default_dataset(official: State, plus_plus: State) -> None:
    model = make_routed(['coco', 'aic'])
    model.load_state_dict(dict(official), strict=False)
    assert torch.equal(model.head.heads['coco'].final_layer.bias, official['keypoint_head.final_layer.bias'])
    ours, again = convert(official)[0], make_routed(['coco', 'aic'])
    again.load_state_dict(ours, strict=False)
    for name, value in model.head.heads['coco'].state_dict().items():
        assert torch.equal(again.head.heads['coco'].state_dict()[name], value), name
    multi = {name: value for name, value in plus_plus.items() if '.experts.' not in name and '.fc2.' not in name}
    single = PoseEstimator(
        dict(type='vitpose_mm.ViT', arch=ARCH, input_size=(48, 64)),
        dict(type='vitpose_mm.HeatmapClassic8', in_channels=12, out_channels=17),
    )
    single.load_state_dict(multi, strict=False)
    assert torch.equal(single.head.final_layer.bias, plus_plus['keypoint_head.final_layer.bias'])
