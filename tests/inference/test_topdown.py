"""Boxes to keypoints: where the spot is, whatever the box; nobody where there is no box; bounded memory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn as nn
from mmengine.structures import InstanceData, PixelData
from mmpose.apis import inference_topdown
from mmpose.structures import PoseDataSample, merge_data_samples
from PIL import Image

from vitpose_mm.inference.detector import PersonDetector
from vitpose_mm.inference.heatmaps import TorchForward
from vitpose_mm.inference.images import read_image
from vitpose_mm.inference.loading import build_detector, build_pose_model
from vitpose_mm.inference.topdown import Estimate, TopDown, add_heat, at_least_one_pixel


@pytest.fixture(scope='module')
def pose_model(pose_files: SimpleNamespace) -> nn.Module:
    return build_pose_model(pose_files.config, pose_files.checkpoint, output_heatmaps=True)


def spotted(*centres: tuple[int, int], size: tuple[int, int] = (300, 200)) -> np.ndarray:
    """(H, W, 3) black image with a soft white spot around every (x, y)."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    heat = sum(np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 50.0) for cx, cy in centres)
    return np.repeat((np.clip(heat, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)


def boxes_of(*boxes: tuple[float, ...]) -> np.ndarray:
    return np.array(boxes, np.float32).reshape(-1, 5)


def test_keypoints_are_in_image_pixels(pose_model: nn.Module) -> None:
    image = spotted((60, 50), (220, 130))
    boxes = boxes_of((170, 60, 260, 190, 0.75), (20, 10, 110, 120, 0.5))
    people = TopDown(lambda _: boxes, pose_model)(image).pred_instances
    assert np.abs(people.keypoints[:, 0] - [[220, 130], [60, 50]]).max() < 1
    assert people.bbox_scores.tolist() == [0.75, 0.5]  # the detector's, mmpose says 1
    np.testing.assert_allclose(people.bboxes, boxes[:, :4])
    assert (people.keypoint_scores > 0.9).all()


def test_a_rotated_photo_has_its_spot_where_a_viewer_shows_it(pose_model: nn.Module, tmp_path: Path) -> None:
    upright = spotted((60, 50))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored a quarter turn to the left
    Image.fromarray(np.rot90(upright, 1)).save(tmp_path / 'r.png', exif=exif)
    people = TopDown(lambda _: boxes_of((20, 10, 110, 120, 0.5)), pose_model)(read_image(tmp_path / 'r.png'))
    assert np.abs(people.pred_instances.keypoints[0, 0] - [60, 50]).max() < 1


def test_nobody(pose_model: nn.Module) -> None:
    image = spotted((60, 50))
    sample = TopDown(lambda _: boxes_of(), pose_model)(image)
    assert len(sample.pred_instances) == 0
    assert sample.pred_instances.keypoints.shape == (0, 1, 2)
    assert 'pred_fields' not in sample
    assert len(inference_topdown(pose_model, image, boxes_of()[:, :4])) == 1  # why: mmpose takes the whole image


def test_grey_arrays_are_taken_and_others_refused_in_a_sentence(pose_model: nn.Module) -> None:
    image = spotted((60, 50))
    estimate = TopDown(lambda _: boxes_of((20, 10, 110, 120, 0.5)), pose_model)
    expected = estimate(image).pred_instances.keypoints
    np.testing.assert_array_equal(estimate(image[..., 0]).pred_instances.keypoints, expected)
    for bad, message in (
        (image.astype(np.float32), r'float32 array of shape \(200, 300, 3\): convert it'),
        (np.zeros((4, 4, 4), np.uint8), '4 channels: give 3'),
        (np.zeros((0, 4, 3), np.uint8), 'convert it'),
        ('photo.jpg', 'this is a str'),
    ):
        with pytest.raises(ValueError, match=message):
            estimate(bad)


def test_crowd_is_cut_and_comes_out_in_order(pose_model: nn.Module) -> None:
    sizes: list[int] = []

    def count(crops: torch.Tensor) -> torch.Tensor:
        sizes.append(len(crops))
        return TorchForward(pose_model, 'fp32')(crops)

    left = np.arange(70, dtype=np.float32)
    boxes = np.stack((left, left, left + 90, left + 100, left / 70), axis=1)
    people = TopDown(lambda _: boxes, pose_model, forward=count)(spotted((60, 50))).pred_instances
    assert sizes == [32, 32, 6]
    np.testing.assert_allclose(people.bboxes, boxes[:, :4])
    np.testing.assert_allclose(people.bbox_scores, boxes[:, 4])


@pytest.mark.parametrize('box', [(60, 50, 61, 51), (60, 50, 60, 50), (60, 50, 60, 51), (-5, -5, -4, -4)])
def test_boxes_of_a_pixel_or_less(pose_model: nn.Module, box: tuple[int, ...]) -> None:
    people = TopDown(lambda _: boxes_of((*box, 0.5)), pose_model)(spotted((60, 50))).pred_instances
    assert np.isfinite(people.keypoints).all()
    assert np.abs(people.keypoints[0, 0] - box[:2]).max() <= 2
    assert people.keypoint_scores[0, 0] == pytest.approx(1 if box[0] > 0 else 0, abs=0.05)  # the spot is bright


def test_at_least_one_pixel() -> None:
    boxes = np.array([[10, 20, 30, 40], [5, 5, 5, 9], [7, 8, 6, 8]], np.float32)
    assert at_least_one_pixel(boxes).tolist() == [[10, 20, 30, 40], [4.5, 5, 5.5, 9], [6, 7.5, 7, 8.5]]


def test_heat_is_the_highest_of_all_people() -> None:
    generator = torch.Generator().manual_seed(0)
    samples = []
    for centre in ((20.0, 15.0), (35.0, 25.0)):
        sample = PoseDataSample(metainfo={'ori_shape': (40, 60)})
        sample.set_metainfo({'input_center': np.array(centre), 'input_scale': np.array((24.0, 32.0))})
        sample.pred_instances = InstanceData(keypoints=np.zeros((1, 1, 2)))
        one_map = torch.rand(1, 16, 12, generator=generator)
        sample.pred_fields = PixelData(heatmaps=torch.cat((one_map, one_map * 0.5)))  # mmpose fails for one map
        samples.append(sample)
    centres, scales = (np.stack([sample.get(key) for sample in samples]) for key in ('input_center', 'input_scale'))
    none = np.zeros(0)
    found = Estimate(none, none, none, [one.pred_fields.heatmaps.amax(0).numpy() for one in samples], centres, scales)
    images = [np.zeros((5, 5, 3), np.uint8), np.zeros((40, 60, 3), np.uint8)]
    heats: dict[int, np.ndarray] = {}
    add_heat(heats, found, np.array([1, 1]), images)
    theirs = merge_data_samples(samples).pred_fields.heatmaps.max(0)
    assert list(heats) == [1]
    np.testing.assert_allclose(heats[1], theirs, atol=1e-6)


def test_heatmaps_of_a_run(pose_model: nn.Module) -> None:
    boxes = boxes_of((20, 10, 110, 120, 0.5), (170, 60, 260, 190, 0.5))
    sample = TopDown(lambda _: boxes, pose_model)(spotted((60, 50), (220, 130)))
    heat = sample.pred_fields.heatmaps
    assert heat.shape == (1, 200, 300)
    assert heat[0, 50, 60] > 0.9
    assert heat[0, 130, 220] > 0.9
    assert heat[0, 190, 10] < 0.1


def test_detector_thresholds(detector_files: SimpleNamespace) -> None:
    model = build_detector(detector_files.config, detector_files.checkpoint)
    image = spotted((60, 50), (220, 130))
    boxes = PersonDetector(model, bbox_thr=0, nms_thr=1)(image)
    assert boxes.shape == (3, 5)
    assert (np.diff(boxes[:, 4]) <= 0).all()
    middle = float(boxes[1, 4])
    np.testing.assert_array_equal(PersonDetector(model, bbox_thr=middle, nms_thr=1)(image), boxes[boxes[:, 4] > middle])
    assert PersonDetector(model, 1, bbox_thr=0)(image).shape == (0, 5)  # a class that it does not have
    assert PersonDetector(model, bbox_thr=0.9)(image).shape == (0, 5)


def test_boxes_that_are_not_wanted_are_dropped_before_suppression(
    detector_files: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_detector(detector_files.config, detector_files.checkpoint)
    image, seen = spotted((60, 50), (220, 130)), []
    original = model.bbox_head.predict_by_feat
    monkeypatch.setattr(
        model.bbox_head,
        'predict_by_feat',
        lambda *args, **kwargs: seen.append(model.bbox_head.test_cfg.score_thr) or original(*args, **kwargs),
    )
    before = model.bbox_head.test_cfg.score_thr
    PersonDetector(model, bbox_thr=0.9)(image)
    PersonDetector(model, bbox_thr=0)(image)
    assert seen == [0.9, before] and model.bbox_head.test_cfg.score_thr == before < 0.9


def test_overlapping_boxes_are_one_person(detector_files: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    found = InstanceData(
        bboxes=torch.tensor([[0.0, 0, 99, 99], [0, 0, 99, 89], [200, 0, 250, 99], [0, 0, 99, 99]]),
        scores=torch.tensor([0.5, 0.9, 0.4, 0.99]),
        labels=torch.tensor([0, 0, 0, 1]),
    )
    model = build_detector(detector_files.config, detector_files.checkpoint)
    monkeypatch.setattr(model, 'test_step', lambda _: [SimpleNamespace(pred_instances=found)])
    boxes = PersonDetector(model)(np.zeros((300, 300, 3), np.uint8))
    np.testing.assert_allclose(boxes[:, 4], [0.9, 0.4])


@pytest.mark.slow
def test_real_detector_finds_the_skier(shared_data: Path, root: Path) -> None:
    import mmpose

    config = Path(mmpose.__file__).parent / '.mim/demo/mmdetection_cfg/rtmdet_nano_320-8xb32_coco-person.py'
    model = build_detector(str(config), str(shared_data / 'weights' / 'rtmdet_nano_person.pth'))
    boxes = PersonDetector(model)(read_image(shared_data / 'samples' / 'coco' / '000000000785.jpg'))
    assert len(boxes) == 1
    np.testing.assert_allclose(boxes[0, :4], [281, 44, 499, 388], atol=25)  # the annotated box
