"""PosePredictor: models by name from a server, one image, boxes and whole images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.file_server import Server, serve
from vitpose_mm import zoo
from vitpose_mm.inference import PosePredictor
from vitpose_mm.inference.predictor import with_scores
from vitpose_mm.zoo import ModelFiles

SPOT = (70, 40)  # x, y of the bright spot of the photo


def test_a_whole_image_is_one_person(predict: PosePredictor, photo: Path) -> None:
    people = predict(photo).pred_instances
    assert people.keypoints.shape == (1, 1, 2)
    assert np.abs(people.keypoints[0, 0] - SPOT).max() < 1.5
    assert people.bboxes.tolist() == [[0, 0, 96, 80]]
    assert people.bbox_scores.tolist() == [1]


def test_paths_arrays_and_lists_give_the_same(predict: PosePredictor, photo: Path) -> None:
    pixels = np.asarray(Image.open(photo))[..., ::-1]
    samples = predict([photo, str(photo), pixels])
    found = [sample.pred_instances.keypoints.tolist() for sample in samples]
    assert len(found) == 3 and found[0] == found[1] == found[2]
    assert predict([]) == []


def test_given_boxes_take_the_place_of_the_detectors(predict: PosePredictor, photo: Path) -> None:
    boxes = np.array([[50, 20, 90, 60], [60, 30, 80, 50]])
    people = predict(photo, boxes).pred_instances
    assert people.bboxes.tolist() == boxes.tolist()
    assert np.abs(people.keypoints[:, 0] - SPOT).max() < 1.5
    assert len(predict(photo, np.zeros((0, 4))).pred_instances) == 0


def test_a_detector_finds_the_people(models: dict[str, tuple[str, str]], photo: Path) -> None:
    """Its weights are random; its scores are about a half."""
    many = PosePredictor(**models, device='cpu', bbox_thr=0.0, nms_thr=1.0)(photo).pred_instances
    none = PosePredictor(**models, device='cpu', bbox_thr=0.99)(photo).pred_instances
    assert 0 < len(many) == len(many.keypoints) <= 3
    assert len(none) == 0 and none.keypoints.shape == (0, 1, 2)


def test_mistakes_are_named(predict: PosePredictor, photo: Path, models: dict[str, tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match='call once for each image'):
        predict([photo], np.zeros((1, 4)))  # type: ignore[call-overload]
    with pytest.raises(ValueError, match=r'boxes of shape \(4,\) are not valid'):
        predict(photo, np.zeros(4) + 1)
    with pytest.raises(ValueError, match=r'gone\.jpg'):
        predict('gone.jpg')
    with pytest.raises(ValueError, match="'vitpose_tiny' is not a pose model of the zoo"):
        PosePredictor('vitpose_tiny')
    with pytest.raises(ValueError, match="'yolo' is not a detector of the zoo"):
        PosePredictor(models['pose'], 'yolo')


def test_scores_of_boxes() -> None:
    assert with_scores(np.array([[1, 2, 3, 4]])).tolist() == [[1, 2, 3, 4, 1]]
    assert with_scores(np.array([[1, 2, 3, 4, 0.5]])).tolist() == [[1, 2, 3, 4, 0.5]]
    with pytest.raises(ValueError, match='not valid'):
        with_scores(np.array([[1, 2, 3, np.nan]]))


@pytest.fixture
def server(models: dict[str, tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The default names are those of the small models here, whose weights a local server has."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    with serve(Path(models['pose'][1]).parents[1]) as running:

        def named(model: tuple[str, str], name: str) -> dict[str, ModelFiles]:
            file = Path(model[1])
            return {name: ModelFiles(model[0], f'{running.address}/{file.parent.name}/{file.name}')}

        poses, detectors = named(models['pose'], 'vitpose_base'), named(models['detector'], 'rtmdet')
        monkeypatch.setattr(zoo, 'pose_models', lambda: poses)
        monkeypatch.setattr(zoo, 'detectors', lambda: detectors)
        yield running


def test_models_by_name_are_downloaded_once(server: Server, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = PosePredictor(device='cpu', bbox_thr=0.0)(photo).pred_instances
    assert sorted(Path(request).name for request in server.requests) == ['brightest.pth', 'tiny_rtmdet.pth']
    monkeypatch.setenv('VITPOSE_MM_OFFLINE', '1')
    again = PosePredictor('vitpose_base', 'rtmdet', device='cpu', bbox_thr=0.0)(photo).pred_instances
    assert len(server.requests) == 2
    assert again.keypoints.tolist() == first.keypoints.tolist() != []
