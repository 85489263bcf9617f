"""Plain ViTs of timm: features are timm's, and everything around works with them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import timm
import torch
from mmengine.config import Config
from mmengine.registry import MODELS

from tests.helpers.documents import ROOT, named_blocks
from tests.helpers.tiny_models import batch, write_teacher
from tests.helpers.tiny_timm import FAMILIES, MAE, TINY, build, configure, crops_for
from vitpose_mm.engine.optim_wrappers import LayerDecayConstructor
from vitpose_mm.models import KnowledgeTokenDistiller, TimmViT

PAGE = ROOT / 'docs/backbones.md'


@pytest.mark.parametrize('name', FAMILIES)
def test_features_are_timms(name: str) -> None:
    vit = build(name).eval()
    size = (vit.input_size[1], vit.input_size[0])
    theirs = timm.create_model(name, num_classes=0, img_size=size, **TINY).eval()
    theirs.load_state_dict(vit.vit.state_dict(), strict=False)
    crops = crops_for(vit)
    with torch.no_grad():
        tokens = theirs.fc_norm(theirs.forward_features(crops))
        (features,) = vit(crops)
    assert features.shape == (2, 48, 4, 3)
    expected = tokens[:, theirs.num_prefix_tokens :].transpose(1, 2).unflatten(2, (4, 3))
    torch.testing.assert_close(features, expected, atol=1e-6, rtol=0)
    assert features.flatten(2).mean(1).abs().max() < 5  # they are normalised
    larger = torch.randn(1, 3, 2 * size[0], 2 * size[1])
    assert vit(larger)[0].shape == (1, 48, 8, 6)


@pytest.mark.parametrize('name', FAMILIES)
@pytest.mark.parametrize('head', ['Classic', 'Simple'])
def test_every_parameter_learns(name: str, head: str) -> None:
    cfg = configure(name, with_cp=head == 'Simple', drop_path_rate=0.1)
    cfg['head']['type'] = f'vitpose_mm.{head}Head'
    model = MODELS.build(cfg)
    codec = cfg['head']['decoder']
    crops, samples = batch(codec=codec)
    optimizer = LayerDecayConstructor({'optimizer': {'type': 'SGD', 'lr': 0.01}}, {'layer_decay_rate': 0.5})(model)
    first = model(crops, samples, mode='loss')['loss_kpt']
    first.backward()
    assert [key for key, value in model.named_parameters() if value.grad is None] == []
    optimizer.step()
    assert model(crops, samples, mode='loss')['loss_kpt'] < first


def test_router() -> None:
    cfg = configure('vit_base_patch16_dinov3')
    shared = {key: value for key, value in cfg['head'].items() if key != 'out_channels'}
    heads = {'coco': {'out_channels': 17}, 'aic': {'out_channels': 14}}
    cfg['head'] = {'type': 'vitpose_mm.DatasetRouter', 'shared': shared, 'heads': heads, 'default': 'coco'}
    assert MODELS.build(cfg)(torch.zeros(1, 3, 64, 48), None).shape == (1, 17, 16, 12)


def test_teacher_and_student_without_token(tmp_path: Path) -> None:
    student = configure('vit_base_patch14_reg4_dinov2')
    teacher = configure('vit_base_patch16_dinov3')
    checkpoint = write_teacher(tmp_path / 'teacher.pth', teacher)
    distiller = KnowledgeTokenDistiller(student, teacher=teacher, teacher_checkpoint=checkpoint, token='none')
    crops, samples = batch(codec=student['head']['decoder'])
    losses = distiller(crops, samples, mode='loss')
    assert losses['loss_distill'] > 0
    sum(losses.values()).backward()
    with pytest.raises(ValueError, match=r'takes no tokens: use vitpose_mm.ViT, or model.token=none'):
        KnowledgeTokenDistiller(student, token_file='token.pth', output_weight=0)


def test_depths_and_weight_decay() -> None:
    vit = build('vit_base_patch14_reg4_dinov2')
    depths = {name: vit.get_layer_depth(f'backbone.{name}', 'backbone.') for name, _ in vit.named_parameters()}
    for name in ('cls_token', 'reg_token', 'pos_embed', 'patch_embed.proj.weight'):
        assert depths[f'vit.{name}'] == (0, 4)
    assert depths['vit.blocks.0.ls1.gamma'] == (1, 4) and depths['vit.blocks.1.attn.qkv.weight'] == (2, 4)
    assert depths['vit.norm.weight'] == vit.get_layer_depth('head.conv.weight', 'backbone.') == (3, 4)
    assert build('eva02_base_patch14_224').get_layer_depth('vit.fc_norm.bias') == (3, 4)
    model = torch.nn.Module()
    model.backbone = TimmViT('vit_small_patch14_reg4_dinov2', (42, 56), model_args={'mlp_ratio': 0.1})
    wrapper = {'optimizer': {'type': 'AdamW', 'lr': 1.0, 'weight_decay': 0.1}}
    optimizer = LayerDecayConstructor(wrapper, {'layer_decay_rate': 'auto'})(model)
    group = {name: one for one in optimizer.param_groups for name in one.get('param_names', ())}
    for name in ('cls_token', 'reg_token', 'pos_embed'):
        assert group[f'backbone.vit.{name}']['weight_decay'] == 0
        assert group[f'backbone.vit.{name}']['lr'] == pytest.approx(0.8**13)  # ViT-S's rate
    assert group['backbone.vit.blocks.0.attn.qkv.weight']['weight_decay'] == 0.1


def test_frozen_parts() -> None:
    for name in FAMILIES:
        vit = build(name, frozen_parts='ffn', frozen_blocks=1)
        trained = {key for key, value in vit.named_parameters() if value.requires_grad}
        assert not any(part in key for key in trained for part in ('blocks.0.', '.mlp.', '.norm2.', '.patch_embed.'))
        assert any('blocks.1.attn' in key for key in trained) and 'vit.pos_embed' not in trained
        assert not vit.train().vit.blocks[0].training and vit.vit.blocks[1].training


@pytest.mark.parametrize('name', FAMILIES)
def test_export(name: str) -> None:
    """torch.export with a batch of any size."""
    vit = build(name).eval()
    crops = crops_for(vit, 3)
    dim = torch.export.Dim('batch', min=1, max=64)
    with torch.no_grad():
        program = torch.export.export(vit, (crops[:2],), dynamic_shapes=({0: dim},), strict=False)
        torch.testing.assert_close(program.module()(crops), vit(crops))


def families_told() -> list[str]:
    """Return the models in the table of docs/backbones.md."""
    table = PAGE.read_text().split('| family | tried |')[1]
    return [name for row in re.findall(r'^\|.*\|$', table, re.MULTILINE)[1:] for name in re.findall('`(.+?)`', row)]


@pytest.mark.slow
@pytest.mark.parametrize('name', families_told())
def test_families_of_the_documentation(name: str) -> None:
    patch = int(re.search(r'patch(\d+)', name)[1]) if 'patch' in name else 16
    vit = TimmViT(name, (3 * patch, 4 * patch), model_args={'depth': 1})
    crops = crops_for(vit)
    theirs = vit.vit
    tokens = theirs.forward_features(crops)
    tokens = theirs.fc_norm(tokens)[:, theirs.num_prefix_tokens :]
    (features,) = vit(crops)
    torch.testing.assert_close(features.flatten(2).transpose(1, 2), tokens, atol=1e-6, rtol=0)
    features.square().sum().backward()
    assert [key for key, value in vit.named_parameters() if value.grad is None] == []


def test_config_of_the_documentation(tmp_path: Path) -> None:
    (code,) = named_blocks(PAGE.read_text()).values()
    (tmp_path / 'my_dinov3.py').write_text(code)
    model = Config.fromfile(tmp_path / 'my_dinov3.py').model
    model.backbone.model_args = {'depth': 1}
    assert model.backbone.pretrained is True
    assert MODELS.build(model)(torch.zeros(1, 3, 256, 192), None).shape == (1, 17, 64, 48)


@pytest.mark.parametrize(
    ('settings', 'told'),
    [
        ({'model': 'vit_base_patch16_dinov9'}, 'no model .* such as vit_base_patch16_dinov3'),
        ({'model': 'resnet18'}, 'does not make'),
        ({'model': 'beit_base_patch16_224'}, 'is a Beit: take a plain ViT|does not make'),
        (
            {'model': 'vit_base_patch14_dinov2', 'model_args': TINY},
            r'not a multiple of the patch size 14: use \(196, 252\)',
        ),
        ({'model': MAE, 'model_args': {'dpeth': 2}}, 'dpeth'),
        ({'model': 'vit_wee_patch16_reg1_gap_256', 'pretrained': True, 'init_cfg': {}}, 'are both set'),
        ({'model': 'vit_small_patch16_224', 'frozen_parts': 'head', 'model_args': TINY}, 'frozen_parts'),
    ],
)
def test_mistakes(settings: dict, told: str) -> None:
    with pytest.raises(ValueError, match=told) as error:
        TimmViT(**settings)
    assert len(str(error.value).splitlines()) == 1


def test_without_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ValueError, match=r"needs the package timm: run `pip install 'vitpose_mm\[timm\]'`"):
        TimmViT(MAE)
