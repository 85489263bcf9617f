"""A routed model with experts in two processes whose batches hold different datasets; compiled and checkpointed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from torch import Tensor

from tests.helpers.processes import run_processes
from vitpose_mm.models import PoseEstimator

KEYPOINTS = {'coco': 5, 'aic': 3, 'mpii': 4}
# of each process, batch after batch; nobody sees mpii in the first one
MIXES = [
    [['coco', 'coco'], ['coco', 'mpii'], ['aic', 'aic']],
    [['aic', 'aic'], ['mpii', 'mpii'], ['coco', 'aic']],
]


def make(kind: str = 'Classic', **backbone: object) -> PoseEstimator:
    torch.manual_seed(0)
    arch = {'embed_dims': 16, 'num_layers': 2, 'num_heads': 2}
    model = PoseEstimator(
        {'type': 'vitpose_mm.ViT', 'arch': arch, 'input_size': (48, 64), 'num_experts': 3, **backbone},
        {
            'type': 'vitpose_mm.DatasetRouter',
            'shared': {'type': f'vitpose_mm.{kind}Head', 'in_channels': 16},
            'heads': {name: {'out_channels': count} for name, count in KEYPOINTS.items()},
        },
        expert_ids={name: place for place, name in enumerate(KEYPOINTS)},
        train_cfg={'compute_acc': False},
    )
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def batch_of(names: list[str], seed: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    samples = []
    for name in names:
        sample = PoseDataSample(metainfo={'dataset_name': name})
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, KEYPOINTS[name]))
        sample.gt_fields = PixelData(heatmaps=torch.rand(KEYPOINTS[name], 16, 12, generator=generator))
        samples.append(sample)
    return {'inputs': torch.randn(len(names), 3, 64, 48, generator=generator), 'data_samples': samples}


def loss_of(model: torch.nn.Module, batch: dict[str, Any]) -> Tensor:
    return sum(model(**batch, mode='loss').values())


def train_ddp() -> tuple[dict[str, Tensor], list[list[str]], dict[str, Tensor]]:
    """Train three steps; return weights, logged keys of every step, gradients of the first."""
    rank = torch.distributed.get_rank()
    model = torch.nn.parallel.DistributedDataParallel(make(), broadcast_buffers=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    keys, first = [], {}
    for step, names in enumerate(MIXES[rank]):
        logs = model(**batch_of(names, 10 * step + rank), mode='loss')
        keys.append(list(logs))
        sum(logs.values()).backward()
        first = first or {name: value.grad.clone() for name, value in model.module.named_parameters()}
        optimizer.step()
        optimizer.zero_grad()
    return dict(model.module.named_parameters()), keys, first


@pytest.mark.slow
def test_two_processes_with_different_mixes_stay_equal() -> None:
    (weights, keys, gradients), (others, other_keys, _) = run_processes(train_ddp)
    assert all(torch.equal(value, others[name]) for name, value in weights.items())
    assert keys == other_keys == [[f'{name}.loss_kpt' for name in sorted(KEYPOINTS)]] * 3
    model = make()
    expected = dict.fromkeys(gradients, 0.0)  # the mean over the processes of each one's own
    for rank, mixes in enumerate(MIXES):
        model.zero_grad()
        loss_of(model, batch_of(mixes[0], rank)).backward()
        for name, value in model.named_parameters():
            expected[name] = expected[name] + value.grad / 2
    for name, value in gradients.items():
        torch.testing.assert_close(value, expected[name], atol=1e-6, rtol=1e-4)
        assert value.any() != any(part in name for part in ('heads.mpii', 'experts.2')), name


def test_checkpointed_blocks_give_the_same_gradients() -> None:
    batch, found = batch_of(['aic', 'coco', 'aic'], 0), []
    for with_cp in (False, True):
        model = make(with_cp=with_cp)
        loss_of(model, batch).backward()
        found.append([parameter.grad for parameter in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.slow
def test_a_compiled_backbone_gives_the_same_gradients_and_is_compiled_once() -> None:
    model, found = make('Simple'), []
    mixes = [['aic', 'coco', 'aic'], ['mpii', 'mpii', 'coco'], ['coco', 'coco', 'coco']]
    for compiled in (False, True):
        if compiled:
            model.backbone.compile(backend='aot_eager')
        for seed, names in enumerate(mixes):
            with torch._dynamo.config.patch(error_on_recompile=compiled and seed > 0):
                model.zero_grad()
                loss_of(model, batch_of(names, seed)).backward()
            found.append([parameter.grad.clone() for parameter in model.parameters()])
    for eager, other in zip(found[:3], found[3:], strict=True):
        for a, b in zip(eager, other, strict=True):
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)
