"""The picture: skeletons where they belong, boxes and heatmaps on request, a file that can be written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from vitpose_mm.inference.drawing import PoseDrawer, check_window, save_picture

META = {
    'dataset_name': 'two_points',
    'keypoint_colors': np.array([[255, 0, 0], [0, 0, 255]]),
    'skeleton_links': [(0, 1)],
    'skeleton_link_colors': np.array([[0, 255, 0]]),
}


def sample_of(people: int = 1, score: float = 0.9) -> PoseDataSample:
    """People with one point at (20, 30) and one at (80, 30)."""
    sample = PoseDataSample()
    sample.pred_instances = InstanceData(
        keypoints=np.tile(np.array([[[20.0, 30.0], [80.0, 30.0]]]), (people, 1, 1)),
        keypoint_scores=np.full((people, 2), score),
        keypoints_visible=np.full((people, 2), score),
        bboxes=np.tile(np.array([[10.0, 20.0, 90.0, 40.0]]), (people, 1)),
    )
    return sample


def test_points_and_link_are_where_they_belong() -> None:
    image = np.full((60, 100, 3), 200, np.uint8)
    picture = PoseDrawer(META, alpha=1.0)(image, sample_of())
    assert picture.shape == image.shape
    assert picture[30, 20].tolist() == [0, 0, 255]  # mmpose's colours are RGB, the picture is BGR
    assert picture[30, 80].tolist() == [255, 0, 0]
    assert picture[30, 50].tolist() == [0, 255, 0]
    assert picture[10, 50].tolist() == [200, 200, 200]
    assert image.min() == 200  # the input is left alone


def test_alpha_is_one_blend() -> None:
    image = np.full((60, 100, 3), 200, np.uint8)
    picture = PoseDrawer(META, alpha=0.5)(image, sample_of())
    assert picture[30, 20].tolist() == [100, 100, 228]  # half of 200, half of the colour
    assert picture[10, 50].tolist() == [200, 200, 200]


def test_threshold_box_and_nobody() -> None:
    image = np.full((60, 100, 3), 200, np.uint8)
    np.testing.assert_array_equal(PoseDrawer(META, 0.3)(image, sample_of(score=0.2)), image)
    np.testing.assert_array_equal(PoseDrawer(META)(image, PoseDataSample()), image)
    boxed = PoseDrawer(META, 0.3, alpha=1.0, draw_bbox=True)(image, sample_of(score=0.2))
    assert boxed[20, 50].tolist() != [200, 200, 200]
    assert boxed[30, 50].tolist() == [200, 200, 200]


def test_heatmap_stands_below() -> None:
    image = np.full((60, 100, 3), 200, np.uint8)
    heat = np.zeros((1, 60, 100), np.float32)
    heat[:, :10, :10] = 1
    sample = sample_of()
    sample.pred_fields = PixelData(heatmaps=heat)
    picture = PoseDrawer(META, draw_heatmap=True)(image, sample)
    assert picture.shape == (120, 100, 3)
    assert (picture[65, 5] != picture[115, 95]).any()


@pytest.mark.parametrize(('short_side', 'radius', 'width'), [(60, 3, 2), (480, 3, 2), (1600, 10, 7)])
def test_radius_grows_with_the_image(short_side: int, radius: int, width: int) -> None:
    drawer = PoseDrawer(META)
    drawer(np.zeros((short_side, short_side + 5, 3), np.uint8), PoseDataSample())
    assert (drawer.visualizer.radius, drawer.visualizer.line_width) == (radius, width)


def test_a_crowd_does_not_blend_the_image_for_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    blended: list[tuple] = []
    blend = cv2.addWeighted
    monkeypatch.setattr(cv2, 'addWeighted', lambda *images: blended.append(images) or blend(*images))
    PoseDrawer(META)(np.zeros((150, 200, 3), np.uint8), sample_of(people=20))
    assert len(blended) == 1


@pytest.mark.parametrize('colour', ['no colour', float('nan'), ['x'] * 3])
def test_a_colour_of_boxes_in_a_keypoint_set_is_not_taken(colour: object) -> None:
    """It could come with a checkpoint; MMPose's visualizer would raise a KeyError."""
    drawn = [
        PoseDrawer(meta, draw_bbox=True)(np.zeros((60, 100, 3), np.uint8), sample_of(people=2))
        for meta in (META, {**META, 'bbox_color': colour})
    ]
    np.testing.assert_array_equal(*drawn)


def test_openpose_style_needs_its_keypoint_set() -> None:
    with pytest.raises(ValueError, match='not for two_points'):
        PoseDrawer(META, skeleton_style='openpose')


def test_show_without_windows_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise cv2.error('The function is not implemented')

    monkeypatch.setattr(cv2, 'namedWindow', refuse)
    with pytest.raises(ValueError, match='use --output-root'):
        check_window()


@pytest.mark.parametrize(('name', 'written'), [('a.png', 'a.png'), ('a.xyz', 'a.xyz.png'), ('a', 'a.png')])
def test_save_picture(tmp_path: Path, name: str, written: str) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (8, 9, 3), dtype=np.uint8)
    assert save_picture(picture, tmp_path / name) == tmp_path / written
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / written)), picture)
