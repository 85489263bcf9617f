"""Weights of timm's ViTs and of ours: read safely, and fitted to another size."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import timm
import torch
from mmengine.runner import load_checkpoint
from safetensors.torch import save_file

from tests.helpers.tiny_timm import MAE, TINY, build, crops_for
from vitpose_mm.models import TimmViT, ViT


@pytest.mark.parametrize('suffix', ['.safetensors', '.pth'])
@pytest.mark.parametrize('name', ['vit_base_patch14_reg4_dinov2', 'vit_base_patch16_dinov3', 'eva02_base_patch14_224'])
def test_weights_of_timm_of_another_size(name: str, suffix: str, tmp_path: Path) -> None:
    """As timm's own loading fits them: patches of 8, a square of 5x5."""
    source = timm.create_model(name, num_classes=0, img_size=40, patch_size=8, **TINY)
    for parameter in source.parameters():
        parameter.data.normal_()
    file = tmp_path / f'weights{suffix}'
    save_file(source.state_dict(), file) if suffix != '.pth' else torch.save(source.state_dict(), file)
    vit = build(name, pretrained=str(file))
    vit.init_weights()
    fit = sys.modules[type(source).__module__].checkpoint_filter_fn
    expected = fit(source.state_dict(), vit.vit)
    assert len(expected) >= len(list(vit.parameters()))
    for key, value in vit.vit.named_parameters():
        torch.testing.assert_close(value.data, expected[key], msg=key)


def test_a_convolution_that_is_called_patch_embed(tmp_path: Path) -> None:
    source = timm.create_model(MAE, num_classes=0, img_size=64, **TINY)
    weights = {name.replace('patch_embed.proj', 'patch_embed'): value for name, value in source.state_dict().items()}
    torch.save(weights, tmp_path / 'a.pth')
    vit = TimmViT(MAE, (64, 64), pretrained=str(tmp_path / 'a.pth'), model_args=TINY)
    vit.init_weights()
    assert vit.vit.patch_embed.proj.weight.equal(source.patch_embed.proj.weight)
    assert vit.vit.patch_embed.proj.bias.equal(source.patch_embed.proj.bias)


def test_own_checkpoint_of_another_size(tmp_path: Path) -> None:
    narrow = build('vit_base_patch14_reg4_dinov2')
    torch.save({'state_dict': narrow.state_dict()}, tmp_path / 'a.pth')
    same = build('vit_base_patch14_reg4_dinov2')
    load_checkpoint(same, str(tmp_path / 'a.pth'), strict=True)
    crops = crops_for(narrow)
    assert same.eval()(crops)[0].equal(narrow.eval()(crops)[0])
    wide = TimmViT('vit_base_patch14_reg4_dinov2', (56, 42), model_args=TINY)  # 3x4 tokens in place of 4x3
    load_checkpoint(wide, str(tmp_path / 'a.pth'), strict=True)
    assert wide.pos_grid.tolist() == [3, 4]
    old = narrow.vit.pos_embed.unflatten(1, (4, 3)).permute(0, 3, 1, 2)
    new = torch.nn.functional.interpolate(old, (3, 4), mode='bicubic', antialias=True)
    torch.testing.assert_close(wide.vit.pos_embed, new.flatten(2).transpose(1, 2))


@pytest.mark.parametrize('class_token', [True, False])
def test_mae_weights_through_timm_and_through_our_vit(class_token: bool, tmp_path: Path) -> None:
    """ViTPose leaves the class token out; with it, our ViT takes it as an appended token."""
    source = timm.create_model(MAE, num_classes=0, img_size=64, **TINY)
    for parameter in source.parameters():
        parameter.data.normal_(0, 0.2)
    torch.save({'model': source.state_dict()}, tmp_path / 'mae.pth')
    file = str(tmp_path / 'mae.pth')
    without = {} if class_token else {'class_token': False, 'global_pool': ''}
    theirs = TimmViT(MAE, (64, 64), pretrained=file, model_args={**TINY, **without})
    theirs.init_weights()
    arch = {'embed_dims': 48, 'num_layers': 2, 'num_heads': 2}
    init = {'type': 'Pretrained', 'checkpoint': file}
    ours = ViT(arch, (64, 64), patch_padding=0, num_tokens=int(class_token), init_cfg=init)
    ours.init_weights()
    if class_token:
        ours.tokens.copy_(source.cls_token + source.pos_embed[:, :1])
    crops = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(theirs.eval()(crops)[0], ours.eval()(crops)[0], atol=1e-5, rtol=0)


def test_released_weights_have_an_address() -> None:
    vit = TimmViT('vit_base_patch16_dinov3.lvd1689m', pretrained=True, model_args=TINY)
    repository = 'timm/vit_base_patch16_dinov3.lvd1689m'
    assert vit.init_cfg['checkpoint'] == f'https://huggingface.co/{repository}/resolve/main/model.safetensors'
