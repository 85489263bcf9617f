"""Predict the keypoints of everybody in images, with models by name: one at a time, or many in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from mmpose.structures import PoseDataSample

from ..utils.files import printable
from ..zoo import DEFAULT_DETECTOR, DEFAULT_POSE, ModelName, find_detector, find_pose_model
from .backends import make_forward
from .detector import PersonDetector
from .frames import Frame, Image, batch_frames, read_frames
from .given_boxes import Boxes, Finder, Found, add_boxes, give_boxes, with_scores
from .heatmaps import Forward, makes_heatmaps
from .images import read_image
from .loading import build_detector, build_pose_model, pick_device
from .pipeline import ahead, each_alone
from .pose_result import PoseResult
from .topdown import TopDown, to_three_channels


class PosePredictor:
    """Find the keypoints of everybody in images: files of any kind, or (H, W, 3) uint8 BGR arrays.

    Args:
        pose: name of a pose model of the zoo, or (config, checkpoint).
        detector: likewise, for a detector of people; None: every image is one person, unless boxes are given.
        device: such as 'cpu' or 'cuda:0'; None: the first GPU, or the CPU.
        dataset: dataset whose keypoints are found, for a pose model of several.
        det_cat_id: the detector's class index of a person.
        bbox_thr: lowest score of a person box, 0 to 1.
        nms_thr: largest intersection over union of two person boxes, 0 to 1.
        precision: of the pose model, 'fp32', 'bf16', or 'auto': bf16 where the hardware computes in it.
        backend: what runs the pose model: 'torch', 'compile' (minutes to start), 'openvino' or 'onnxruntime'.
        output_heatmaps: samples have ``pred_fields.heatmaps`` (1, H, W), the highest of all people and keypoints.

    Raises:
        ValueError: a name is not known, a checkpoint cannot be had or does not fit, or a package of the backend is
            not installed.

    Example:
        >>> predict = PosePredictor('vitpose_base', 'rtmdet')
        >>> people = predict('photo.jpg').pred_instances
        >>> people.keypoints, people.keypoint_scores, people.bboxes  # (N, 17, 2) pixels, (N, 17), (N, 4) pixels
        >>> for result in predict.predict('photos', batch_size=16, stream=True):
        ...     print(result.name, result.keypoints, result.scores, result.boxes)
    """

    def __init__(
        self,
        pose: ModelName = DEFAULT_POSE,
        detector: ModelName | None = DEFAULT_DETECTOR,
        *,
        device: str | None = None,
        dataset: str | None = None,
        det_cat_id: int = 0,
        bbox_thr: float = 0.3,
        nms_thr: float = 0.3,
        precision: str = 'auto',
        backend: str = 'torch',
        output_heatmaps: bool = False,
    ) -> None:
        files = find_pose_model(pose)
        detector_files = None if detector is None else find_detector(detector)
        device = pick_device(device)
        self.detector: PersonDetector | None = None
        if detector_files is not None:
            model = build_detector(*detector_files, device)
            self.detector = PersonDetector(model, det_cat_id, bbox_thr=bbox_thr, nms_thr=nms_thr)
        self.pose_model: Any = build_pose_model(*files, device, output_heatmaps=output_heatmaps, dataset=dataset)
        forward: Forward | None = None
        if makes_heatmaps(self.pose_model):
            forward = make_forward(backend, self.pose_model, precision)
        elif backend != 'torch':
            raise ValueError(f'backend={backend!r} runs models with UDP heatmaps, and {pose!r} has none: leave it out.')
        self._topdown = TopDown(self.detector or whole_image, self.pose_model, forward=forward)

    @property
    def metainfo(self) -> dict[str, Any]:
        """The keypoint set: names, links, colours, as mmpose parses it."""
        return self.pose_model.dataset_meta

    @overload
    def __call__(self, image: Image, boxes: np.ndarray | None = None) -> PoseDataSample: ...

    @overload
    def __call__(self, image: Sequence[Image]) -> list[PoseDataSample]: ...

    def __call__(
        self, image: Image | Sequence[Image], boxes: np.ndarray | None = None
    ) -> PoseDataSample | list[PoseDataSample]:
        """Predict the people of an image, or of each of a list of images.

        Args:
            image: a file or an (H, W, 3) uint8 BGR array, or a list of these.
            boxes: (N, 4) boxes x1, y1, x2, y2 of the people of the one image, in pixels, in place of the detector's.

        Returns:
            MMPose's sample, whose pred_instances has a length of 0 where there is nobody; for a list one for each.

        Raises:
            ValueError: an image cannot be read, or the boxes have another shape.
        """
        if not isinstance(image, (str, Path, np.ndarray)):
            if boxes is not None:
                raise ValueError('Boxes belong to one image and a list of images is given: call once for each image.')
            return [self(one) for one in image]
        pixels = to_three_channels(image) if isinstance(image, np.ndarray) else read_image(Path(image))
        return self._topdown(pixels) if boxes is None else self._topdown.estimate(pixels, with_scores(boxes))

    # ------------------------------------------------------------------ many images

    @overload
    def predict(
        self,
        inputs: Image | Iterable[Image],
        *,
        boxes: Boxes | None = None,
        batch_size: int = 8,
        stream: Literal[False] = False,
        output_heatmaps: bool | None = None,
    ) -> list[PoseResult]: ...

    @overload
    def predict(
        self,
        inputs: Image | Iterable[Image],
        *,
        boxes: Boxes | None = None,
        batch_size: int = 8,
        stream: Literal[True],
        output_heatmaps: bool | None = None,
    ) -> Iterator[PoseResult]: ...

    def predict(
        self,
        inputs: Image | Iterable[Image],
        *,
        boxes: Boxes | None = None,
        batch_size: int = 8,
        stream: bool = False,
        output_heatmaps: bool | None = None,
    ) -> list[PoseResult] | Iterator[PoseResult]:
        """Predict the people of many images in batches; yield a result for each image, in order.

        Reading, detection and pose estimation overlap, each in a thread, a few batches ahead of the consumer. An
        image that cannot be read gives a result with an ``error`` and without people, and the others go on.

        Args:
            inputs: an image file, a folder, a glob pattern, an array, or any iterable of these, such as a generator
                of video frames. It is read as results are consumed, in another thread.
            boxes: in place of the detector's. A json file of COCO detections (image ids are those that files are
                named by, or of its list of images); a mapping of file names to boxes; boxes (N, 4) or (N, 5) with
                scores for each image in turn; or a callable from a list of images to these, called in order, one
                batch at a time. For boxes alone a pair (boxes, track ids) will do as well.
            batch_size: images that go through the models together; fewer where they are large. About six batches are
                in memory at a time.
            stream: yield results one at a time, with their pixels, in constant memory; else a list, without the
                pixels of files.
            output_heatmaps: False leaves out the heatmaps of a predictor that was made with ``output_heatmaps``.

        Raises:
            ValueError: there are no images, or boxes are missing or malformed.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size={batch_size}: give 1 or more.')
        results = self._results(read_frames(inputs), boxes, batch_size, output_heatmaps)
        return results if stream else [replace(one, pixels=None) if one.path else one for one in results]

    def _results(
        self, frames: Iterable[Frame], boxes: Boxes | None, batch_size: int, output_heatmaps: bool | None
    ) -> Iterator[PoseResult]:
        given = boxes is not None and not callable(boxes)
        find: Finder = boxes if callable(boxes) else self.detect  # type: ignore[assignment]
        batches = ahead(batch_frames(give_boxes(frames, boxes) if given else frames, batch_size))
        found = batches if given else ahead(find_all(batch, find) for batch in batches)
        for batch in ahead(self._estimate_all(batch, output_heatmaps) for batch in found):
            yield from batch

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Detect the people in each (H, W, 3) uint8 BGR image: (N, 5) boxes x1, y1, x2, y2 and scores, best first."""
        return [whole_image(image) for image in images] if self.detector is None else self.detector.detect(images)

    def estimate(
        self, images: Sequence[np.ndarray], boxes: Sequence[Found], *, output_heatmaps: bool | None = None
    ) -> list[PoseDataSample]:
        """Estimate the people in (N, 4) or (N, 5) boxes of each image, all crops together; return a sample for each.

        For boxes alone a pair (boxes, track ids) will do as well: the ids are in ``pred_instances.track_ids``. A
        predictor with ``output_heatmaps`` leaves the heatmaps out where ``output_heatmaps`` is False here.

        Raises:
            ValueError: an image is not uint8, or boxes have another shape.
        """
        frames = [
            add_boxes(Frame(index=i, name=f'image {i}', pixels=image), found)
            for i, (image, found) in enumerate(zip(images, boxes, strict=True))
        ]
        for frame in frames:
            if frame.error:
                raise ValueError(frame.error)
        return self._estimate(frames, output_heatmaps)

    def _estimate(self, frames: list[Frame], output_heatmaps: bool | None = None) -> list[PoseDataSample]:
        pixels: list[Any] = [frame.pixels for frame in frames]
        boxes = [np.asarray(frame.boxes) for frame in frames]
        samples = self._topdown.estimate_all(pixels, boxes, output_heatmaps=output_heatmaps)
        for frame, sample in zip(frames, samples, strict=True):
            if frame.track_ids is not None:
                sample.pred_instances.track_ids = frame.track_ids
        return samples

    def _estimate_all(self, frames: list[Frame], output_heatmaps: bool | None) -> list[PoseResult]:
        """Return the results of frames with boxes or an error."""
        good = [frame for frame in frames if frame.error is None]
        samples = each_alone(lambda some: self._estimate(some, output_heatmaps), good)
        found = dict(zip((frame.index for frame in good), samples, strict=True))
        return [self._to_result(frame, found.get(frame.index)) for frame in frames]

    def _to_result(self, frame: Frame, found: PoseDataSample | Exception | None) -> PoseResult:
        error = frame.error if frame.error or isinstance(found, PoseDataSample) else describe(frame, found)
        sample = found if isinstance(found, PoseDataSample) else self._topdown.nobody(frame.pixels)
        return PoseResult(
            index=frame.index,
            name=frame.name,
            path=frame.path,
            pixels=frame.pixels,
            sample=sample,
            metainfo=self.metainfo,
            error=error,
        )


def find_all(frames: list[Frame], find: Finder) -> list[Frame]:
    """Return the frames with the boxes that ``find`` gives for those that could be read."""
    good = [frame for frame in frames if frame.error is None]
    found = each_alone(lambda some: list(find([np.asarray(frame.pixels) for frame in some])), good)
    boxes = dict(zip((frame.index for frame in good), found, strict=True))
    return [
        replace(frame, error=describe(frame, answer)) if isinstance(answer, Exception) else add_boxes(frame, answer)
        for frame in frames
        for answer in [boxes.get(frame.index, np.zeros((0, 4)))]
    ]


def describe(frame: Frame, error: object) -> str:
    """Say in one sentence what went wrong with a frame."""
    return printable(f'{frame.name}: {error}')


def whole_image(image: np.ndarray) -> np.ndarray:
    """Return the (1, 5) box around an (H, W, 3) image, with a score of 1."""
    height, width = image.shape[:2]
    return np.array([[0, 0, width, height, 1]], np.float32)
