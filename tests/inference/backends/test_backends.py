"""Every backend gives the heatmaps of the model itself, for any number of crops."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from mmengine.registry import DefaultScope

from tests.helpers.tiny_coco import CODEC
from tests.helpers.tiny_models import META, model_cfg
from vitpose_mm.inference.backends import BACKENDS, make_forward
from vitpose_mm.registry import MODELS
from vitpose_mm.utils.precision import cpu_has_bfloat16


@pytest.fixture(scope='module')
def model() -> Any:
    """Two datasets and two experts, serving the second."""
    cfg = model_cfg(16, num_experts=2)
    heads = {'coco': {'out_channels': 17}, 'aic': {'out_channels': 14}}
    shared = {**cfg['head'], 'decoder': CODEC}
    head = {'type': 'vitpose_mm.DatasetRouter', 'heads': heads, 'shared': shared}
    preprocessor = {**cfg['data_preprocessor'], 'mean': [90.0, 120.0, 150.0], 'bgr_to_rgb': True}
    torch.manual_seed(0)
    cfg = {**cfg, 'head': head, 'data_preprocessor': preprocessor, 'expert_ids': {'coco': 0, 'aic': 1}}
    with DefaultScope.overwrite_default_scope('mmpose'):
        built = MODELS.build(cfg)
    for weight in built.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    built.dataset_meta = {**META, 'dataset_name': 'aic'}
    return built.eval()


def crops_of(number: int) -> torch.Tensor:
    return torch.randint(0, 256, (number, 3, 64, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize('backend', [name for name in BACKENDS if name != 'torch'])
def test_heatmaps_equal_those_of_torch(backend: str, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if backend == 'compile':  # compiling takes a minute; that it is right is torch's affair
        monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend='eager'))
    else:
        pytest.importorskip(backend, reason=f'{backend} is not installed')
    before = {name: value.clone() for name, value in model.state_dict().items()}
    forward, expected = make_forward(backend, model, 'fp32'), make_forward('torch', model, 'fp32')
    for number in (1, 3):
        found = forward(crops_of(number))
        assert found.dtype == torch.float32 and found.shape == (number, 14, 16, 12)
        torch.testing.assert_close(found, expected(crops_of(number)), atol=1e-4, rtol=1e-4)
    after = model.state_dict()
    assert before.keys() == after.keys() and all(before[name].equal(after[name]) for name in before)


@pytest.mark.skipif(not cpu_has_bfloat16(), reason='this CPU does not multiply bfloat16 in hardware')
def test_openvino_computes_in_bf16_where_the_cpu_does(model: Any) -> None:
    pytest.importorskip('openvino', reason='openvino is not installed')
    exact, short = (make_forward('openvino', model, precision)(crops_of(2)) for precision in ('fp32', 'auto'))
    assert 1e-5 < (exact - short).abs().max() / exact.abs().max() < 0.1


def test_other_names_and_precisions_are_refused(model: Any) -> None:
    with pytest.raises(ValueError, match="backend='tensorrt' is not known: choose from torch, compile, openvino"):
        make_forward('tensorrt', model)
    pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    with pytest.raises(ValueError, match="precision='bf16': onnxruntime computes in fp32"):
        make_forward('onnxruntime', model, 'bf16')
