"""Predicted OKS for scores: its targets against xtcocotools, its loss, and what it leaves as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from vitpose_mm.codecs import BatchedUDPHeatmap
from vitpose_mm.models import ClassicHead, DatasetRouter, SimpleHead
from vitpose_mm.models.heads.oks_scorer import AREA_OF_BOX, OKSScorer

CODEC: dict[str, Any] = {
    'type': 'vitpose_mm.BatchedUDPHeatmap', 'input_size': (48, 64), 'heatmap_size': (12, 16), 'sigma': 1,
    'blur_kernel_size': 5,
}  # fmt: skip
SIGMAS = [0.026, 0.079, 0.107]


def sample(points: np.ndarray, name: str = 'coco') -> PoseDataSample:
    """A person of 24 x 40 image pixels in a crop of 60 x 96, with (3, 2) keypoints in input space."""
    targets = BatchedUDPHeatmap((48, 64), (12, 16), sigma=1).encode(points[None].astype(np.float32))
    made = PoseDataSample(metainfo={'flip_indices': [0, 1, 2], 'dataset_name': name})
    boxes = {'bboxes': np.array([[10.0, 10, 34, 50]]), 'bbox_scales': np.array([[60.0, 96]])}
    made.gt_instances = InstanceData(**boxes)
    made.gt_instance_labels = InstanceData(keypoint_weights=torch.from_numpy(targets['keypoint_weights']))
    made.gt_fields = PixelData(heatmaps=torch.from_numpy(targets['heatmaps']))
    return made


def batch(count: int, name: str = 'coco') -> list[PoseDataSample]:
    rng = np.random.default_rng(3)
    return [sample(rng.uniform([8, 8], [40, 56], (3, 2)), name) for _ in range(count)]


def test_oks_equals_xtcocotools() -> None:
    rng = np.random.default_rng(0)
    targets, keypoints = rng.uniform(0, 60, (4, 1, 2)), rng.uniform(0, 60, (4, 1, 2))
    keypoints[:2] = targets[:2] + rng.normal(0, 1, (2, 1, 2))
    ours = OKSScorer(1, (48, 64), [0.079]).oks(torch.from_numpy(keypoints), torch.from_numpy(targets), batch(4))
    for found, truth, expected in zip(keypoints, targets, ours, strict=True):
        person = {'image_id': 1, 'category_id': 1, 'bbox': [0, 0, 24, 40], 'area': AREA_OF_BOX * 24 * 40}
        labelled = {'id': 1, 'iscrowd': 0, 'num_keypoints': 1, 'keypoints': [*(truth[0] * [1.25, 1.5]), 2]}
        coco = COCO()
        coco.dataset = {
            'images': [{'id': 1, 'height': 100, 'width': 100}],
            'categories': [{'id': 1, 'name': 'person', 'keypoints': ['one'], 'skeleton': []}],
            'annotations': [person | labelled],
        }
        coco.createIndex()
        result = coco.loadRes([person | {'keypoints': [*(found[0] * [1.25, 1.5]), 1], 'score': 1.0}])
        evaluation = COCOeval(coco, result, 'keypoints', np.array([0.079]))
        evaluation.evaluate()
        assert evaluation.ious[1, 1][0, 0] == pytest.approx(float(expected[0]), abs=1e-6)


@pytest.mark.parametrize('head_class', [ClassicHead, SimpleHead])
def test_the_heatmaps_learn_as_without_it(head_class: Any) -> None:
    features, people = (torch.randn(5, 6, 4, 3, requires_grad=True),), batch(5)
    heads = []
    for options in ({}, {'oks_scorer': {'sigmas': SIGMAS}}):
        torch.manual_seed(0)
        heads.append(head_class(6, 3, decoder=CODEC, **options))
        heads[-1].init_weights()
    plain, scored = heads
    expected = plain.loss(features, people, {'compute_acc': False})
    losses = scored.loss(features, people, {'compute_acc': False})
    assert set(losses) == {'loss_kpt', 'loss_oks'}
    assert torch.equal(losses['loss_kpt'], expected['loss_kpt'])
    losses['loss_oks'].backward()
    assert features[0].grad is None
    learning = {name.split('.')[0] for name, value in scored.named_parameters() if value.grad is not None}
    assert learning == {'oks_scorer'}


def test_the_loss_is_that_of_the_decoded_keypoints_and_of_the_labels_inside() -> None:
    head = ClassicHead(6, 3, decoder=CODEC, oks_scorer={'sigmas': SIGMAS, 'loss_weight': 1.0}).eval()
    torch.nn.init.normal_(head.final_layer.weight, std=0.05)
    torch.nn.init.ones_(head.final_layer.bias)  # maxima above 0
    torch.nn.init.normal_(head.oks_scorer.layers[2].weight, std=0.3)  # predictions far from a half
    features = (torch.randn(2, 6, 4, 3),)
    decoded = head.decoder.batch_decode(head(features).detach())
    keypoints, maxima = (torch.from_numpy(np.concatenate(part)).float() for part in decoded)
    labels = (keypoints.numpy() + 0.7).clip([8, 8], [40, 56])
    labels[1, 0] = [-5.0, 30]  # outside the crop, and half of its target inside
    people = [sample(points) for points in labels]
    people[0].gt_instance_labels.keypoint_weights[0, 1] = 0
    loss = head.loss(features, people, {'compute_acc': False})['loss_oks']
    offsets = (keypoints - torch.from_numpy(labels).float()) * torch.tensor([60 / 48, 96 / 64])
    oks = torch.exp(-offsets.square().sum(-1) / (2 * (2 * torch.tensor(SIGMAS)) ** 2 * 0.53 * 24 * 40))
    assert oks.max() > 0.05 and oks.min() < 0.01
    predicted = head.oks_scorer(keypoints, maxima)
    entropy = -(oks * predicted.log() + (1 - oks) * (1 - predicted).log())
    counts = torch.tensor([[True, False, True], [False, True, True]])
    assert people[1].gt_instance_labels.keypoint_weights[0, 0] == 1
    assert loss.item() == pytest.approx(entropy[counts].mean().item(), rel=0.02)  # labels are read off their heatmaps


def test_a_batch_of_one_is_enough() -> None:
    shared = {'type': 'vitpose_mm.SimpleHead', 'in_channels': 6, 'decoder': CODEC, 'oks_scorer': {'sigmas': SIGMAS}}
    router = DatasetRouter({'coco': {'out_channels': 3}, 'aic': {'out_channels': 3}}, shared=shared)
    losses = router.loss((torch.randn(4, 6, 4, 3),), batch(3) + batch(1, 'aic'), {'compute_acc': False})
    assert all(loss.isfinite() for loss in losses.values())


def test_it_learns_under_autocast() -> None:
    head = ClassicHead(6, 3, decoder=CODEC, oks_scorer={'sigmas': SIGMAS})
    with torch.autocast('cpu', torch.bfloat16):
        losses = head.loss((torch.randn(5, 6, 4, 3),), batch(5), {'compute_acc': False})
    assert losses['loss_oks'].dtype == torch.float32 and losses['loss_oks'].isfinite()


def test_keypoints_without_a_label_do_not_count() -> None:
    scorer = OKSScorer(3, (48, 64), SIGMAS).eval()
    keypoints, maxima, targets = torch.rand(4, 3, 2) * 48, torch.rand(4, 3), torch.rand(4, 3, 2) * 48
    weights = torch.tensor([[1.0, 1, 0]] * 4)
    first = scorer.loss(keypoints, maxima, targets, weights, batch(4))
    targets[:, 2] = 0
    assert torch.equal(scorer.loss(keypoints, maxima, targets, weights, batch(4)), first)
    assert scorer.loss(keypoints, maxima, targets, weights * 0, batch(4)) == 0


def test_it_learns_where_keypoints_are_right() -> None:
    """Keypoints of the left half are right and the others 20 pixels off, at the same maxima."""
    torch.manual_seed(0)
    scorer = OKSScorer(3, (48, 64), SIGMAS)
    optimizer = torch.optim.AdamW(scorer.parameters(), lr=1e-2)
    people = batch(32)
    for _ in range(150):
        keypoints = torch.rand(32, 3, 2) * torch.tensor([48.0, 64.0])
        targets = keypoints + torch.where(keypoints[..., :1] < 24, 0.0, 20.0)
        optimizer.zero_grad()
        scorer.loss(keypoints, torch.full((32, 3), 0.5), targets, torch.ones(32, 3), people).backward()
        optimizer.step()
    scorer.eval()
    scores = scorer(torch.tensor([[[6.0, 30], [42, 30], [6, 50]]]), torch.full((1, 3), 0.5))[0]
    assert scores[0] > 0.9 and scores[1] < 0.1 and scores[2] > 0.9


def test_scores_are_those_of_the_scorer_and_keypoints_stay() -> None:
    plain = ClassicHead(6, 3, decoder=CODEC).eval()
    scored = ClassicHead(6, 3, decoder=CODEC, oks_scorer={'sigmas': SIGMAS}).eval()
    scored.load_state_dict(plain.state_dict(), strict=False)
    features, people = (torch.randn(2, 6, 4, 3),), batch(2)
    for before, after in zip(plain.predict(features, people), scored.predict(features, people), strict=True):
        assert np.array_equal(before.keypoints, after.keypoints)
        assert after.keypoint_scores.shape == before.keypoint_scores.shape
        points, maxima = torch.from_numpy(before.keypoints).float(), torch.from_numpy(before.keypoint_scores).float()
        expected = scored.oks_scorer(points, maxima)
        assert np.allclose(after.keypoint_scores, expected.detach().numpy(), atol=1e-6)


def test_an_empty_heatmap_keeps_its_score_of_0() -> None:
    head = ClassicHead(6, 3, decoder=CODEC, oks_scorer={'sigmas': SIGMAS}).eval()
    heatmaps = torch.rand(1, 3, 16, 12)
    heatmaps[0, 1] = 0
    (person,) = head.decode(heatmaps)
    assert (person.keypoint_scores[0] == 0).tolist() == [False, True, False]


def test_a_compiled_loss_is_the_same() -> None:
    head = ClassicHead(6, 3, decoder=CODEC, oks_scorer={'sigmas': SIGMAS})
    features, people = (torch.randn(2, 6, 4, 3),), batch(2)
    compiled = torch.compile(head.loss, backend='eager')(features, people, {'compute_acc': False})
    assert compiled['loss_oks'].item() == pytest.approx(head.loss(features, people, {})['loss_oks'].item())


def test_a_router_has_a_scorer_for_each_dataset_and_the_same_keys_in_every_batch() -> None:
    shared = {'type': 'vitpose_mm.ClassicHead', 'in_channels': 6, 'decoder': CODEC, 'oks_scorer': {'sigmas': SIGMAS}}
    router = DatasetRouter({'coco': {'out_channels': 3}, 'aic': {'out_channels': 3}}, shared=shared)
    features = (torch.randn(4, 6, 4, 3),)
    both = router.loss(features, batch(2) + batch(2, 'aic'), {'compute_acc': False})
    assert set(both) == {'coco.loss_kpt', 'coco.loss_oks', 'aic.loss_kpt', 'aic.loss_oks'}
    alone = router.loss(features, batch(4), {'compute_acc': False})
    assert set(alone) == set(both) and alone['aic.loss_oks'] == 0


def test_what_it_cannot_use_is_said() -> None:
    with pytest.raises(ValueError, match=r'oks_scorer\.sigmas=.* give 3 numbers above 0, one for each keypoint'):
        ClassicHead(6, 3, decoder=CODEC, oks_scorer={'sigmas': [0.1]})
    for sigmas in (0.1, ['a'] * 3, [0.1, 0.1, 0]):
        with pytest.raises(ValueError, match='give 3 numbers above 0, one for each keypoint'):
            ClassicHead(6, 3, decoder=CODEC, oks_scorer={'sigmas': sigmas})
    for decoder in (None, CODEC | {'type': 'MSRAHeatmap'}):
        with pytest.raises(ValueError, match=r'set decoder of the head to a vitpose_mm\.BatchedUDPHeatmap'):
            SimpleHead(6, 3, decoder=decoder, oks_scorer={'sigmas': SIGMAS})
