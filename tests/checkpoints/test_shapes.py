from __future__ import annotations

from pathlib import Path

import cv2
import pytest
import torch
import torch.nn.functional as F
from timm.models.vision_transformer import VisionTransformer

from vitpose_mm.checkpoints import convert, load_file
from vitpose_mm.checkpoints.conversion_report import Report
from vitpose_mm.checkpoints.shapes import fit_kernel
from vitpose_mm.models import ViT


def fill(module: torch.nn.Module) -> None:
    for name, value in module.named_parameters():
        noise = torch.randn_like(value) / max(value[0].numel(), 25) ** 0.5
        value.data.copy_(1 + noise if 'norm' in name and name.endswith('weight') else noise)


@pytest.mark.parametrize('scale', [None, 0.1])
def test_features_equal_timm_at_its_own_grid(scale: float | None) -> None:
    """A timm model without class token and its conversion, layer scales folded in, give the same features."""
    theirs = VisionTransformer(
        img_size=(64, 48),
        patch_size=16,
        embed_dim=48,
        depth=3,
        num_heads=4,
        class_token=False,
        global_pool='avg',
        fc_norm=False,
        num_classes=7,
        init_values=scale,
    ).eval()
    fill(theirs)
    state, report = convert(theirs.state_dict())
    assert (
        report.origin == 'timm' and report.complete and report.dropped == ['backbone.head.weight', 'backbone.head.bias']
    )
    assert len(report.folded) == (scale is not None)
    ours = ViT(dict(embed_dims=48, num_layers=3, num_heads=4), input_size=(48, 64), patch_padding=0).eval()
    ours.load_state_dict(state)
    x = torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        expected = theirs.forward_features(x).transpose(1, 2).unflatten(2, (4, 3))
        assert expected.std() > 0.5
        torch.testing.assert_close(ours(x)[0], expected, atol=1e-5, rtol=0)


def test_layer_scales_of_every_spelling_are_folded(mae: dict[str, torch.Tensor]) -> None:
    encoder = {name: value for name, value in mae.items() if not name.startswith(('decoder', 'mask'))}
    gamma = torch.rand(12)
    for attention, ffn in (('ls1.gamma', 'ls2.gamma'), ('gamma_1', 'gamma_2')):
        state, report = convert(encoder | {f'blocks.1.{attention}': gamma, f'blocks.1.{ffn}': 2 * gamma})
        assert report.folded == ['2 layer scales, multiplied into their layers']
        assert torch.equal(state['blocks.1.attn.proj.weight'], encoder['blocks.1.attn.proj.weight'] * gamma[:, None])
        assert torch.equal(state['blocks.1.mlp.fc2.bias'], encoder['blocks.1.mlp.fc2.bias'] * 2 * gamma)
        assert torch.equal(state['blocks.0.mlp.fc2.bias'], encoder['blocks.0.mlp.fc2.bias'])


def test_kernels_grow_by_zeros_only() -> None:
    state = {'backbone.patch_embed.proj.weight': torch.ones(2, 3, 13, 13)}
    fit_kernel(state, 'pad', 16, Report('mae'))
    kernel = state['backbone.patch_embed.proj.weight']
    assert kernel.shape == (2, 3, 16, 16) and kernel.sum() == 2 * 3 * 13 * 13 and kernel[0, 0, 1, 1] == 1
    with pytest.raises(ValueError, match='16 pixels cannot be padded to 14: use --patch-size 16'):
        fit_kernel(state, 'pad', 14, Report('mae'))


def test_a_resized_kernel_gives_the_tokens_of_resized_patches(shared_data: Path) -> None:
    """On real patches the relative error is .10; without the area factor .31, zero-padded .45."""
    kernel = load_file(shared_data / 'weights' / 'vit_small_patch14_dinov2like_fp16.pth')['patch_embed.weight'].float()
    path = sorted((shared_data / 'coco' / 'val2017').glob('*.jpg'))[0]
    image = torch.from_numpy(cv2.imread(str(path))[..., ::-1].copy()).permute(2, 0, 1)[None].float()
    patches = F.unfold((image - 120) / 58, 14, stride=14).transpose(1, 2).reshape(-1, 3, 14, 14)
    large = F.interpolate(patches, size=(16, 16), mode='bicubic', align_corners=False)
    wanted = torch.einsum('nchw,dchw->nd', patches, kernel)

    def error(how: str, factor: float = 1) -> float:
        state = {'backbone.patch_embed.proj.weight': kernel}
        fit_kernel(state, how, 16, Report('timm'))
        tokens = torch.einsum('nchw,dchw->nd', large, state['backbone.patch_embed.proj.weight'] * factor)
        return float((tokens - wanted).norm() / wanted.norm())

    assert error('bicubic') < 0.15 < 0.25 < error('bicubic', (16 / 14) ** 2) < error('pad')
