"""Both decoders against mmpose's HeatmapHead and against the paper's equation; flip test; targets."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads import HeatmapHead
from mmpose.structures import PoseDataSample

from vitpose_mm.models import ClassicHead, SimpleHead

CODEC = {'type': 'UDPHeatmap', 'input_size': (48, 64), 'heatmap_size': (12, 16), 'sigma': 2}


def samples(count: int, flip_indices: list[list[int]], *, keypoints: int = 3) -> list[PoseDataSample]:
    made = []
    for i in range(count):
        sample = PoseDataSample(metainfo={'flip_indices': flip_indices[i], 'dataset_name': 'coco'})
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, keypoints))
        sample.gt_fields = PixelData(heatmaps=torch.rand(keypoints, 16, 12))
        made.append(sample)
    return made


@pytest.mark.parametrize('steps, stride', [(1, 8), (2, 16), (3, 32)])
def test_classic_equals_mmposes_heatmap_head(steps: int, stride: int) -> None:
    ours = ClassicHead(6, 3, num_upsamples=steps, decoder=CODEC).eval()
    theirs = HeatmapHead(6, 3, deconv_out_channels=(256,) * steps, deconv_kernel_sizes=(4,) * steps).eval()
    ours.init_weights()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 6, 128 // stride, 96 // stride)
    assert ours((x,)).shape == (2, 3, 128 // stride << steps, 96 // stride << steps)
    assert torch.equal(ours((x,)), theirs((x,)))


def test_simple_equals_mmposes_feature_map_processor_and_heatmap_head() -> None:
    from mmpose.models.necks import FeatureMapProcessor

    ours = SimpleHead(6, 3)
    neck = FeatureMapProcessor(scale_factor=4.0, apply_relu=True)
    theirs = HeatmapHead(
        6, 3, deconv_out_channels=[], deconv_kernel_sizes=[], final_layer={'kernel_size': 3, 'padding': 1}
    )
    torch.nn.init.normal_(ours.final_layer.weight)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 6, 4, 3)
    assert (ours((x,)) - theirs(neck((x,)))).abs().max() < 1e-5


def test_simple_is_relu_then_upsampling_then_convolution() -> None:
    head = SimpleHead(6, 3, num_upsamples=3)
    torch.nn.init.normal_(head.final_layer.weight)
    x = torch.randn(2, 6, 2, 3)
    up = F.interpolate(x.relu(), scale_factor=8, mode='bilinear', align_corners=False)
    expected = F.conv2d(up, head.final_layer.weight, head.final_layer.bias, padding=1)
    assert torch.allclose(head((x,)), expected, atol=1e-5)
    retold = F.conv2d(F.interpolate(x, scale_factor=8, mode='bilinear').relu(), head.final_layer.weight, padding=1)
    assert (head((x,)) - retold).abs().max() > 0.1


@pytest.mark.parametrize('head_class', [ClassicHead, SimpleHead])
def test_initial_weights(head_class: type) -> None:
    head = head_class(64, 17)
    head.init_weights()
    assert abs(head.final_layer.weight.std().item() - 0.001) < 1e-4
    assert not head.final_layer.bias.any()


@pytest.mark.parametrize('head_class', [ClassicHead, SimpleHead])
def test_loss_equals_mmposes(head_class: type) -> None:
    head = head_class(6, 3)
    x = torch.randn(2, 6, 4, 3)
    batch = samples(2, [[0, 1, 2]] * 2)
    batch[0].gt_instance_labels.keypoint_weights[0, 1] = 0
    losses = head.loss((x,), batch, {'compute_acc': False})
    target = torch.stack([sample.gt_fields.heatmaps for sample in batch])
    weight = torch.cat([sample.gt_instance_labels.keypoint_weights for sample in batch])
    expected = ((head((x,)) - target).square() * weight[..., None, None]).mean()
    assert set(losses) == {'loss_kpt'}
    assert torch.allclose(losses['loss_kpt'], expected, rtol=1e-5)


def test_flip_test_uses_the_order_of_each_sample() -> None:
    head = SimpleHead(6, 3, decoder=CODEC).eval()
    torch.nn.init.normal_(head.final_layer.weight)
    x, mirrored = torch.randn(2, 6, 4, 3), torch.randn(2, 6, 4, 3)
    orders = [[0, 2, 1], [1, 0, 2]]
    config = {'flip_test': True, 'flip_mode': 'heatmap', 'output_heatmaps': True}
    _, fields = head.predict([(x,), (mirrored,)], samples(2, orders), config)
    for i, order in enumerate(orders):
        expected = (head((x,))[i] + head((mirrored,))[i].flip(-1)[order]) / 2
        assert torch.allclose(fields[i].heatmaps, expected, atol=1e-6)


def test_flip_test_equals_mmposes_where_all_samples_agree() -> None:
    ours = ClassicHead(6, 3, decoder=CODEC).eval()
    theirs = HeatmapHead(6, 3, (256, 256), (4, 4), decoder=CODEC).eval()
    theirs.load_state_dict(ours.state_dict())
    pair = [(torch.randn(2, 6, 4, 3),), (torch.randn(2, 6, 4, 3),)]
    for shift in (False, True):
        config = {'flip_test': True, 'flip_mode': 'heatmap', 'shift_heatmap': shift, 'output_heatmaps': True}
        batch = samples(2, [[0, 2, 1]] * 2)
        (a, maps_a), (b, maps_b) = ours.predict(pair, batch, config), theirs.predict(pair, batch, config)
        for i in range(2):
            assert torch.equal(maps_a[i].heatmaps, maps_b[i].heatmaps)
            assert np.array_equal(a[i].keypoints, b[i].keypoints)


def test_targets_that_do_not_fit_are_named() -> None:
    x = torch.randn(1, 6, 4, 3)
    with pytest.raises(ValueError, match="coco labels 3 keypoints and the head predicts 5: set the head's out_ch"):
        SimpleHead(6, 5).loss((x,), samples(1, [[0, 1, 2]]))
    with pytest.raises(ValueError, match=r'heatmaps of 12x16 \(w x h\) and the head of 24x32'):
        ClassicHead(6, 3, num_upsamples=3).loss((x,), samples(1, [[0, 1, 2]]))
    with pytest.raises(ValueError, match="flip_mode='combined'"):
        pair = [(x,), (x,)]
        SimpleHead(6, 3).predict(pair, samples(1, [[0, 1, 2]]), {'flip_test': True, 'flip_mode': 'combined'})
