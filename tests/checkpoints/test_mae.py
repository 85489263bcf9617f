"""MMPretrain's masked autoencoder and our ViT with its weights: what is equal, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import MODELS

from vitpose_mm.checkpoints import convert
from vitpose_mm.checkpoints.writing import convert_file
from vitpose_mm.models import PoseEstimator, ViT
from vitpose_mm.utils.position_grid import resize_position

CONFIG = Path(__file__).resolve().parents[2] / 'configs/pretraining/mae_mini_synthetic-crops-128.py'
ARCH = {'embed_dims': 48, 'num_layers': 3, 'num_heads': 4}


@pytest.fixture(scope='module')
def mae() -> torch.nn.Module:
    """The shipped one at 48 wide on 4 x 4 patches; no weight is left at zero or one."""
    torch.manual_seed(1)
    cfg = Config.fromfile(CONFIG).model
    cfg.backbone.update(img_size=64, arch=dict(ARCH, feedforward_channels=4 * 48))
    cfg.neck.update(num_patches=16, embed_dim=48, decoder_embed_dim=24, decoder_depth=1, decoder_num_heads=2)
    model = MODELS.build(cfg).eval()
    model.init_weights()
    for parameter in model.parameters():
        if parameter.ndim == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model


def make_vit(state: dict | None = None, **settings: object) -> ViT:
    vit = ViT(ARCH, **{'input_size': (64, 64), 'patch_padding': 0, **settings}).eval()
    if state is not None:
        vit.load_state_dict(state)
    return vit


def map_of(tokens: torch.Tensor) -> torch.Tensor:
    """Reshape (B, 16, C) to (B, C, 4, 4)."""
    return tokens.transpose(1, 2).unflatten(2, (4, 4))


@torch.no_grad()
def test_every_weight_of_the_encoder_but_the_class_token_comes_over(mae: torch.nn.Module) -> None:
    state, report = convert(mae.state_dict())
    assert (report.origin, report.complete, report.unknown) == ('mmpretrain', True, [])
    theirs = mae.backbone.state_dict()
    assert torch.equal(state.pop('pos_embed')[:, 1:], theirs.pop('pos_embed')[:, 1:])
    assert state.pop('pos_grid').tolist() == [4, 4]
    theirs.pop('cls_token')
    assert len(state) == len(theirs) == 2 + 3 * 12 + 2
    assert all(torch.equal(state[report.renamed[f'backbone.{name}']], value) for name, value in theirs.items())
    assert {name.split('.')[0] for name in report.dropped[:-1]} == {'backbone', 'neck'}


@torch.no_grad()
def test_with_the_class_token_appended_the_features_are_equal(mae: torch.nn.Module) -> None:
    """Its row of the position embedding is zero, so that it is the token and nothing else."""
    assert not mae.backbone.pos_embed[:, 0].any()
    vit = make_vit(convert(mae.state_dict())[0])
    x = torch.randn(2, 3, 64, 64)
    (theirs,) = mae.extract_feat(x)  # (B, 1 + 16, C)
    (ours,) = vit(x, tokens=mae.backbone.cls_token.expand(2, -1, -1))
    torch.testing.assert_close(ours, map_of(theirs[:, 1:]), atol=1e-5, rtol=0)


@torch.no_grad()
def test_without_it_they_are_those_of_the_same_layers_on_the_patches_alone(mae: torch.nn.Module) -> None:
    """MAE's patches attend to the class token in every layer: leaving it out, as ViTPose does, is another function."""
    encoder, x = mae.backbone, torch.randn(2, 3, 64, 64)
    tokens = encoder.patch_embed(x)[0] + encoder.pos_embed[:, 1:]
    for layer in encoder.layers:
        tokens = layer(tokens)
    (ours,) = make_vit(convert(mae.state_dict())[0])(x)
    torch.testing.assert_close(ours, map_of(encoder.ln1(tokens)), atol=1e-5, rtol=0)
    (whole,) = mae.extract_feat(x)
    assert (ours - map_of(whole[:, 1:])).abs().max() > 1e-2


@torch.no_grad()
def test_padded_patches_are_those_of_an_image_moved_by_the_padding(mae: torch.nn.Module) -> None:
    """Released weights have a padding of 2: with MAE's kernel the features are MAE's, two pixels aside."""
    state, _ = convert(mae.state_dict())
    x = torch.randn(1, 3, 64, 64)
    moved = F.pad(x, (2, -2, 2, -2))
    padded, plain = make_vit(state, patch_padding=2)(x)[0], make_vit(state)(moved)[0]
    torch.testing.assert_close(padded, plain, atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize('converted', [True, False])
def test_init_cfg_takes_the_checkpoint_converted_or_as_it_is(
    mae: torch.nn.Module, tmp_path: Path, converted: bool
) -> None:
    source = tmp_path / 'epoch_100.pth'
    torch.save({'meta': {'epoch': 100}, 'state_dict': mae.state_dict(), 'optimizer': {}}, source)
    if converted:
        assert convert_file(source, tmp_path / 'ours.pth').complete
        source = tmp_path / 'ours.pth'
    vit = make_vit(input_size=(48, 64), init_cfg={'type': 'Pretrained', 'checkpoint': str(source)})
    vit.init_weights()
    state, _ = convert(mae.state_dict())
    assert torch.equal(vit.pos_embed, resize_position(state['pos_embed'], (4, 4), (4, 3)))
    for name, value in vit.state_dict().items():
        assert name in ('pos_embed', 'pos_grid') or torch.equal(value, state[name]), name


def test_load_from_fills_the_backbone_and_leaves_the_head(mae: torch.nn.Module) -> None:
    backbone = {'type': 'vitpose_mm.ViT', 'arch': ARCH, 'input_size': (64, 64)}
    model = PoseEstimator(backbone, {'type': 'vitpose_mm.SimpleHead', 'in_channels': 48, 'out_channels': 17})
    missing, unexpected = model.load_state_dict(mae.state_dict(), strict=False)
    assert unexpected == []
    assert {name.split('.')[0] for name in missing} == {'head'}
    state, _ = convert(mae.state_dict())
    assert torch.equal(model.backbone.blocks[2].mlp.fc2.weight, state['blocks.2.mlp.fc2.weight'])


def test_a_classifiers_first_position_row_is_of_its_class_token(mae: torch.nn.Module) -> None:
    """And so is left out, as in timm's files; its linear layer is not a pose head."""
    theirs = {name: value for name, value in mae.state_dict().items() if name.startswith('backbone.')}
    theirs['backbone.pos_embed'] = torch.randn(1, 17, 48)
    state, report = convert({**theirs, 'head.layers.head.weight': torch.randn(5, 48)})
    assert (report.origin, report.complete) == ('mmpretrain', True)
    assert not state['pos_embed'][:, 0].any()
    assert torch.equal(state['pos_embed'][:, 1:], theirs['backbone.pos_embed'][:, 1:])
    assert 'head.layers.head.weight' in report.dropped
