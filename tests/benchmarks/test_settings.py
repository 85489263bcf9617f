"""How a model is run."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vitpose_mm.benchmarks.settings import Setting, allow_many_compilations


@pytest.mark.parametrize(
    ('text', 'setting'),
    [
        ('fp32', Setting('fp32')),
        ('bf16+channels_last', Setting('bf16', channels_last=True)),
        ('tf32+compile', Setting('tf32', mode='default')),
        ('fp16+channels_last+autotune', Setting('fp16', channels_last=True, mode='max-autotune')),
    ],
)
def test_words_become_a_setting(text: str, setting: Setting) -> None:
    assert Setting.parse(text) == setting


@pytest.mark.parametrize('text', ['', 'fp8', 'bf16+fast', 'compile'])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match='is not known: write one of fp32, tf32, bf16, fp16'):
        Setting.parse(text)


def test_forward_runs_in_the_type_and_layout() -> None:
    model = nn.Conv2d(3, 8, 1).eval()
    out = Setting.parse('bf16+channels_last').prepare_forward(model, torch.randn(2, 3, 4, 4))()
    assert out.dtype is torch.bfloat16
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert out.is_inference()


def test_training_keeps_weights_in_fp32_and_moves_them() -> None:
    model = nn.Conv2d(3, 8, 1)
    before = model.weight.detach().clone()
    step = Setting.parse('bf16').prepare_training(model, torch.randn(2, 3, 4, 4))
    step()
    assert model.weight.dtype is torch.float32
    assert model.training
    assert not torch.equal(model.weight, before)


def test_tf32_is_on_for_its_own_setting_only() -> None:
    Setting.parse('tf32').activate()
    assert torch.get_float32_matmul_precision() == 'high'
    assert torch.backends.cudnn.allow_tf32
    Setting.parse('fp32').activate()
    assert torch.get_float32_matmul_precision() == 'highest'
    assert not torch.backends.cudnn.allow_tf32


def test_switches_of_the_compiler_exist() -> None:
    """Their names have changed between versions of torch, and a wrong one would be set in silence."""
    import torch._dynamo.config as config

    names = ('recompile_limit', 'accumulated_recompile_limit', 'fail_on_recompile_limit_hit')
    before = {name: getattr(config, name) for name in names}
    with config.patch(**before):
        allow_many_compilations()
        assert config.recompile_limit == 256
        assert config.fail_on_recompile_limit_hit
