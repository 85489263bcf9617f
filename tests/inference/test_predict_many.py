"""PosePredictor.predict: folders, patterns, arrays and streams in batches, and boxes of every kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vitpose_mm.inference import PosePredictor, PoseResult


@pytest.fixture
def folder(photo: Path) -> Path:
    """Five images with a spot at (10 i + 20, 40), and one file that is not an image, third by name."""
    for i in range(5):
        pixels = np.zeros((80, 96, 3), np.uint8)
        pixels[39:42, 10 * i + 19 : 10 * i + 22] = 255
        Image.fromarray(pixels).save(photo.parent / f'{i}.png')
    photo.unlink()
    (photo.parent / '1a.png').write_bytes(b'no image')
    return photo.parent


def spots(results: list[PoseResult]) -> list[int | None]:
    """Return the number of the image whose spot was found, None where there is nobody."""
    return [round((one.keypoints[0, 0, 0] - 20) / 10) if len(one) else None for one in results]


def arrays(number: int = 5, size: tuple[int, int] = (80, 96)) -> Iterator[np.ndarray]:
    for i in range(number):
        pixels = np.zeros((*size, 3), np.uint8)
        pixels[39:42, 10 * i + 19 : 10 * i + 22] = 255
        yield pixels


@pytest.mark.parametrize('batch_size', [1, 2, 100])
def test_a_folder_gives_a_result_an_image_in_order(predict: PosePredictor, folder: Path, batch_size: int) -> None:
    results = predict.predict(folder, batch_size=batch_size)
    assert [one.name for one in results] == [str(folder / f'{name}.png') for name in ('0', '1', '1a', '2', '3', '4')]
    assert [one.index for one in results] == list(range(6))
    assert spots(results) == [0, 1, None, 2, 3, 4]
    assert results[2].error is not None and '1a.png' in results[2].error
    assert results[2].keypoints.shape == (0, 1, 2) and results[2].to_coco() == []
    assert all(one.error is None for one in results if one.index != 2)
    assert results[0].pixels is None and results[0].plot().shape == (80, 96, 3)


def test_every_kind_of_input(predict: PosePredictor, folder: Path) -> None:
    stack = np.stack(list(arrays()))
    assert spots(predict.predict(str(folder / '[3-4].png'))) == [3, 4]
    assert spots(predict.predict(folder / '3.png')) == [3]
    assert spots(predict.predict(stack)) == [0, 1, 2, 3, 4]
    assert spots(predict.predict(stack[2])) == [2]
    assert spots(predict.predict([stack[1], folder / '4.png', str(folder / '?.png')])) == [1, 4, 0, 1, 2, 3, 4]
    assert predict.predict([]) == []
    odd = [folder / 'gone.png', stack[0].astype(float), stack[4][..., 0], 'none*.png', None]
    results = predict.predict(odd)  # type: ignore[arg-type]
    assert spots(results) == [None, None, 4, None, None]
    assert [one.error is None for one in results] == [False, False, True, False, False]
    for bad in (folder / 'gone', str(folder / '*.jpg')):
        with pytest.raises(ValueError, match=r'does not exist|matches no file'):
            predict.predict(bad, stream=True)
    with pytest.raises(ValueError, match='batch_size=0'):
        predict.predict(folder, batch_size=0)


def test_a_stream_is_read_as_it_is_consumed(predict: PosePredictor) -> None:
    made: list[int] = []

    def frames() -> Iterator[np.ndarray]:
        frame = next(arrays())
        while True:
            made.append(1)
            yield frame

    stream = predict.predict(frames(), batch_size=2, stream=True)
    for _ in range(20):
        result = next(stream)
        assert result.pixels is not None and len(result) == 1
    stream.close()  # type: ignore[attr-defined]
    assert len(made) <= 20 + 2 * 12


def test_images_of_many_sizes_are_as_one_by_one(models: dict[str, tuple[str, str]]) -> None:
    """With a detector: what is beside an image in its batch does not change its people."""
    predict = PosePredictor(**models, device='cpu', bbox_thr=0.0, nms_thr=1.0, precision='fp32')
    images = [*arrays(2), *arrays(2, (64, 200)), *arrays(1)]
    for result, image in zip(predict.predict(images, batch_size=5), images, strict=True):
        alone = predict(image).pred_instances
        np.testing.assert_allclose(result.boxes, alone.bboxes, atol=1e-3)
        np.testing.assert_allclose(result.keypoints, alone.keypoints, atol=1e-2)


def test_given_boxes(predict: PosePredictor, folder: Path, tmp_path: Path) -> None:
    (folder / '1a.png').unlink()
    left, right = [[0.0, 20, 45, 60]], [[45.0, 20, 90, 60, 0.5]]
    detections = [
        {'image_id': 3, 'category_id': 1, 'bbox': [45, 20, 45, 40], 'score': 0.5},
        {'image_id': 3, 'category_id': 2, 'bbox': [0, 0, 9, 9], 'score': 1},
    ]
    file = tmp_path / 'detections' / 'd.json'
    file.parent.mkdir()
    file.write_text(json.dumps(detections))
    listed = {'images': [{'id': 77, 'file_name': 'sub/3.png'}], 'annotations': [{**detections[0], 'image_id': 77}]}
    (file.parent / 'listed.json').write_text(json.dumps(listed))
    for boxes in (file, str(file.parent / 'listed.json'), {'3.png': right}, {str(folder / '3.png'): right}):
        results = predict.predict(folder, boxes=boxes)
        assert spots(results) == [None, None, None, 3, None]
        assert results[3].boxes.tolist() == [right[0][:4]] and results[3].box_scores.tolist() == [0.5]
    results = predict.predict(arrays(2), boxes=iter([left + left, ([], [])]))
    assert [len(one) for one in results] == [2, 0]
    with pytest.raises(ValueError, match='no boxes for image 1'):
        predict.predict(arrays(2), boxes=[left])
    (bad, good) = predict.predict(arrays(2), boxes=[[[1, 2, 3]], left])
    assert 'image 0: boxes of shape (1, 3)' in str(bad.error) and len(good) == 1
    file.write_text('[{"image_id": 1, "bbox": [1]}]')
    with pytest.raises(ValueError, match='is not a detected box'):
        predict.predict(folder, boxes=file)


def test_a_function_gives_boxes_and_track_ids_in_order(predict: PosePredictor) -> None:
    sizes: list[int] = []

    def follow(images: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        sizes.append(len(images))
        box = np.array([[0, 0, 96, 80]])
        return [(box, np.array([i])) for i in range(sum(sizes) - len(images), sum(sizes))]

    results = predict.predict(arrays(5), boxes=follow, batch_size=2)
    assert [one.track_ids.tolist() for one in results if one.track_ids is not None] == [[0], [1], [2], [3], [4]]
    assert sizes == [2, 2, 1]
    assert results[3].to_coco()[0]['track_id'] == 3
    assert predict.predict(arrays(1))[0].track_ids is None


def test_an_image_that_a_model_fails_on_ends_nothing(predict: PosePredictor, monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = predict._topdown.estimate_all

    def fail_for_some(images: list[np.ndarray], boxes: list[np.ndarray], **options: Any) -> list:
        if any(image[40, 30].any() for image in images):
            raise RuntimeError('out of memory')
        return estimate(images, boxes, **options)

    monkeypatch.setattr(predict._topdown, 'estimate_all', fail_for_some)
    results = predict.predict(arrays(4), batch_size=4)
    assert spots(results) == [0, None, 2, 3]
    assert results[1].error == 'image 1: out of memory'


def test_the_two_steps_by_themselves(models: dict[str, tuple[str, str]]) -> None:
    predict = PosePredictor(**models, device='cpu', bbox_thr=0.0, nms_thr=1.0)
    images = list(arrays(2))
    boxes = predict.detect(images)
    assert [one.shape[1] for one in boxes] == [5, 5] and len(boxes[0])
    samples = predict.estimate(images, [boxes[0], (boxes[1], np.arange(len(boxes[1])))])
    assert len(samples[0].pred_instances) == len(boxes[0])
    assert samples[1].pred_instances.track_ids.tolist() == list(range(len(boxes[1])))
    with pytest.raises(ValueError, match='not valid'):
        predict.estimate(images, [boxes[0], np.ones((2, 3))])


def test_heatmaps_are_left_out_where_they_are_not_wanted(models: dict[str, tuple[str, str]]) -> None:
    predict = PosePredictor(models['pose'], None, device='cpu', output_heatmaps=True)
    images = list(arrays(2))
    boxes = predict.detect(images)
    for wanted in (None, False, True):
        samples = predict.estimate(images, boxes, output_heatmaps=wanted)
        results = predict.predict(images, output_heatmaps=wanted)
        for sample in (*samples, *(result.sample for result in results)):
            assert ('pred_fields' in sample) == (wanted is not False)
