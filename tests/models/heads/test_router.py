"""The router against the authors' form (every head on the whole batch, other samples masked) and each head alone."""

from __future__ import annotations

import copy

import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from torch import Tensor

from vitpose_mm.models import DatasetRouter

KEYPOINTS = {'coco': 5, 'aic': 3, 'mpii': 4}
CODEC = {'type': 'UDPHeatmap', 'input_size': (48, 64), 'heatmap_size': (12, 16), 'sigma': 2}
MIX = ['aic', 'coco', 'ochuman', 'aic', 'coco']


def make(kind: str = 'Simple', dtype: torch.dtype = torch.float32, **kwargs: object) -> DatasetRouter:
    """Heads for three datasets with other random weights than at the start, which are nearly 0."""
    router = DatasetRouter(
        {name: {'out_channels': count} for name, count in KEYPOINTS.items()},
        shared={'type': f'vitpose_mm.{kind}Head', 'in_channels': 6, 'decoder': CODEC},
        aliases={'ochuman': 'coco'},
        **kwargs,
    ).to(dtype)
    for parameter in router.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return router


def samples(names: list[str], dtype: torch.dtype = torch.float32) -> list[PoseDataSample]:
    """People with random heatmaps and weights, each with the keypoints and the flip order of its dataset."""
    made = []
    for place, name in enumerate(names):
        count = KEYPOINTS['coco' if name == 'ochuman' else name]
        order = torch.randperm(count, generator=torch.Generator().manual_seed(place)).tolist()
        sample = PoseDataSample(metainfo={'dataset_name': name, 'flip_indices': order})
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.rand(1, count, dtype=dtype))
        sample.gt_fields = PixelData(heatmaps=torch.rand(count, 16, 12, dtype=dtype))
        made.append(sample)
    return made


def masked_loss(router: DatasetRouter, x: Tensor, batch: list[PoseDataSample]) -> Tensor:
    """Sum over the heads of the mean over the *full* batch, where only a head's own samples have a weight."""
    total = x.new_zeros(())
    for name, head in router.heads.items():
        heatmaps = head((x,))
        target, weight = torch.zeros_like(heatmaps), torch.zeros_like(heatmaps)
        for place, sample in enumerate(batch):
            if sample.dataset_name.replace('ochuman', 'coco') == name:
                target[place] = sample.gt_fields.heatmaps
                weight[place] = sample.gt_instance_labels.keypoint_weights[0][:, None, None]
        total = total + ((heatmaps - target).square() * weight).mean()
    return total


def total_of(logs: dict[str, Tensor]) -> Tensor:
    """What mmengine adds up."""
    return sum((value for key, value in logs.items() if 'loss' in key), torch.zeros(()))


@pytest.mark.parametrize('names', [MIX, ['mpii'] * 3])
@pytest.mark.parametrize('kind', ['Simple', 'Classic'])
def test_loss_and_gradients_are_those_of_the_masked_form(kind: str, names: list[str]) -> None:
    router = make(kind, torch.float64).eval()
    x = torch.randn(len(names), 6, 4, 3, dtype=torch.float64, requires_grad=True)
    batch = samples(names, torch.float64)
    losses = [total_of(router.loss((x,), batch, {'compute_acc': False})), masked_loss(router, x, batch)]
    assert abs(losses[0] - losses[1]) < 1e-14 and losses[0] > 0.1
    ours, theirs = (torch.autograd.grad(loss, [x, *router.parameters()]) for loss in losses)
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).abs().max() < 1e-13


@pytest.mark.parametrize('kind', ['Simple', 'Classic'])
def test_a_head_without_a_sample_gets_zeros_and_keeps_its_statistics(kind: str) -> None:
    router = make(kind).train()
    before = copy.deepcopy(router.state_dict())
    total_of(router.loss((torch.randn(5, 6, 4, 3),), samples(MIX))).backward()
    for name, parameter in router.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.any()) != name.startswith('heads.mpii'), name
    changed = {name.split('.')[1] for name, value in router.state_dict().items() if not value.equal(before[name])}
    assert changed == (set() if kind == 'Simple' else {'coco', 'aic'})


def test_batch_norm_sees_a_heads_own_samples() -> None:
    router, x, batch = make('Classic').train(), torch.randn(5, 6, 4, 3), samples(MIX)
    alone = copy.deepcopy(router.heads['aic'])
    router.loss((x,), batch)
    alone((x[[0, 3]],))
    assert torch.equal(router.heads['aic'].deconv_layers[1].running_mean, alone.deconv_layers[1].running_mean)


def test_the_same_keys_are_logged_whatever_the_batch_holds() -> None:
    router, x = make(), torch.randn(2, 6, 4, 3)
    keys = [f'{name}.{key}' for name in KEYPOINTS for key in ('loss_kpt', 'acc_pose')]
    perfect = samples(['coco', 'coco'])
    for sample, heatmaps in zip(perfect, router.heads['coco']((x,)).detach(), strict=True):
        sample.gt_fields.heatmaps = heatmaps
    first = router.loss((x,), perfect)
    second = router.loss((x,), samples(['aic', 'aic']))
    assert sorted(first) == sorted(second) == sorted(keys)
    assert second['coco.loss_kpt'] == 0 and second['coco.acc_pose'] == first['coco.acc_pose'] == 1
    assert second['mpii.acc_pose'] == 0
    assert set(router.loss((x,), samples(['coco'] * 2), {'compute_acc': False})) == {k for k in keys if 'loss' in k}


@pytest.mark.parametrize('heatmaps', [False, True])
@pytest.mark.parametrize('flip', [False, True])
def test_predictions_are_those_of_each_sample_alone(flip: bool, heatmaps: bool) -> None:
    router, batch = make('Classic').eval(), samples(MIX)
    x, mirrored = torch.randn(5, 6, 4, 3), torch.randn(5, 6, 4, 3)
    config = {'flip_test': flip, 'output_heatmaps': heatmaps}
    found = router.predict([(x,), (mirrored,)] if flip else (x,), batch, config)
    assert isinstance(found, tuple) == heatmaps
    for place, name in enumerate(MIX):
        one = [(x[place : place + 1],), (mirrored[place : place + 1],)]
        head = router.heads[name.replace('ochuman', 'coco')]
        expected = head.predict(one if flip else one[0], batch[place : place + 1], {**config, 'output_heatmaps': True})
        preds = found[0] if heatmaps else found
        assert abs(preds[place].keypoints - expected[0][0].keypoints).max() < 1e-3
        if heatmaps:
            torch.testing.assert_close(found[1][place].heatmaps, expected[1][0].heatmaps, atol=1e-5, rtol=1e-5)


def test_only_a_samples_own_head_runs() -> None:
    router, sizes = make(), {}
    for name, head in router.heads.items():
        head.final_layer.register_forward_pre_hook(lambda _, args, name=name: sizes.update({name: len(args[0])}))
    router.predict((torch.randn(5, 6, 4, 3),), samples(MIX))
    assert sizes == {'coco': 3, 'aic': 2}


def test_without_samples_it_is_the_default_head() -> None:
    x = torch.randn(2, 6, 4, 3)
    for default, name in ((None, 'coco'), ('mpii', 'mpii')):
        router = make(default=default)
        assert torch.equal(router((x,)), router.heads[name]((x,)))
        assert router.out_channels == KEYPOINTS[name] and router.decoder is router.heads[name].decoder
        assert len(router.decode(router((x,)))) == 2


def test_heads_are_initialised() -> None:
    router = make('Classic')
    router.init_weights()
    for head in router.heads.values():
        assert abs(head.deconv_layers[0].weight.std().item() - 0.001) < 1e-4
        assert not head.final_layer.bias.any()


def test_unknown_datasets_and_synchronised_statistics_are_named() -> None:
    router = make('Classic')
    with pytest.raises(ValueError, match=r"does not know the dataset 'dogs': known are \['aic', 'coco', 'mpii'\]"):
        batch = samples(['coco'])
        batch[0].set_metainfo({'dataset_name': 'dogs'})
        router.predict((torch.randn(1, 6, 4, 3),), batch)
    with pytest.raises(ValueError, match='cannot have a SyncBatchNorm'):
        torch.nn.SyncBatchNorm.convert_sync_batchnorm(router).train()


def test_under_autocast() -> None:
    router, x, batch = make('Classic').eval(), torch.randn(5, 6, 4, 3), samples(MIX)
    with torch.autocast('cpu', torch.bfloat16):
        half = total_of(router.loss((x,), batch))
    half.backward()
    assert half.dtype == torch.float32 and all(p.grad.dtype == torch.float32 for p in router.parameters())
    assert abs(half / total_of(router.loss((x,), batch)) - 1) < 0.02
