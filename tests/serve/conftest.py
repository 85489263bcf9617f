"""A server with two models that are right by construction: one person, whose keypoints are the brightest and the
darkest pixel."""

from __future__ import annotations

import io
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import requests
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from PIL import Image

from tests.helpers.web_server import run_app
from vitpose_mm.inference import PosePredictor
from vitpose_mm.serve.app import make_app
from vitpose_mm.serve.models import ServedModels
from vitpose_mm.serve.settings import ServeSettings
from vitpose_mm.video.quiet import quiet_opencv, standard_error_closed

METAINFO = {
    'dataset_name': 'two_points',
    'num_keypoints': 2,
    'keypoint_id2name': {0: 'bright', 1: 'dark'},
    'keypoint_colors': np.array([[255, 0, 0], [0, 0, 255]]),
    'skeleton_links': [(0, 1)],
    'skeleton_link_colors': np.array([[0, 255, 0]]),
}


class Extremes(PosePredictor):
    """A PosePredictor whose models are right by construction: the person is the whole image, with a keypoint at each
    extreme.

    Args:
        seconds: that a batch takes.
        shift: added to x of every keypoint.
    """

    def __init__(self, seconds: float = 0, shift: float = 0) -> None:
        self.seconds, self.shift = seconds, shift
        self.pose_model = SimpleNamespace(dataset_meta=METAINFO)
        self.detector: Any = SimpleNamespace(bbox_thr=0.3, detect=self.find_people)
        self._topdown: Any = SimpleNamespace(estimate_all=self.find_extremes, nobody=lambda _: self.nobody())
        self.batches: list[int] = []
        self.asked = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def find_people(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        self.asked.set()
        assert self.gate.wait(30)
        return [np.array([[0, 0, image.shape[1], image.shape[0], 0.5]], np.float32) for image in images]

    def find_extremes(
        self, images: Sequence[np.ndarray], boxes: Sequence[np.ndarray], *, output_heatmaps: bool
    ) -> list[PoseDataSample]:
        assert all(map(len, boxes))
        if not all(image.any() for image in images):
            raise RuntimeError('too dark')
        time.sleep(self.seconds)
        self.batches.append(len(images))
        return [self._find(image, *one, heatmap=output_heatmaps) for image, one in zip(images, boxes, strict=True)]

    def _find(self, image: np.ndarray, box: np.ndarray, *, heatmap: bool) -> PoseDataSample:
        grey = image.sum(2)
        pixels = [np.unravel_index(extreme, grey.shape) for extreme in (grey.argmax(), grey.argmin())]
        people = InstanceData(
            keypoints=np.array([[[x + self.shift, y] for y, x in pixels]], np.float32),
            keypoint_scores=np.array([[0.75, 0.25]], np.float32),
            bboxes=box[None, :4],
            bbox_scores=box[4:],
        )
        sample = PoseDataSample(pred_instances=people)
        if heatmap:
            sample.pred_fields = PixelData(heatmaps=grey[None] / 765)
        return sample

    def nobody(self) -> PoseDataSample:
        shapes = {'keypoints': (0, 2, 2), 'keypoint_scores': (0, 2), 'bboxes': (0, 4), 'bbox_scores': (0,)}
        people = InstanceData(**{key: np.zeros(shape, np.float32) for key, shape in shapes.items()})
        return PoseDataSample(pred_instances=people)


class Client:
    """What tests ask a server with.

    Attributes:
        address: of the server.
        models: stand-ins by name.
    """

    def __init__(self, address: str, models: dict[str, Extremes]) -> None:
        self.address, self.models = address, models

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.address + path, timeout=30, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(self.address + path, timeout=30, **options)

    def predict(self, content: bytes, name: str = 'a.png', headers: Any = None, **fields: str) -> requests.Response:
        return self.post('/predict', files={'file': (name, content)}, data=fields, headers=headers)


def spots(
    size: tuple[int, int] = (40, 30), bright: tuple[int, int] = (7, 11), dark: tuple[int, int] = (20, 3)
) -> bytes:
    """A grey PNG of a (width, height) with one white and one black pixel at (x, y)."""
    image = Image.new('RGB', size, (90, 90, 90))
    image.putpixel(bright, (255, 255, 255))
    image.putpixel(dark, (0, 0, 0))
    file = io.BytesIO()
    image.save(file, 'png')
    return file.getvalue()


def make_video(frames: int, suffix: str = '.mp4', *, pictures: Sequence[np.ndarray] = ()) -> bytes:
    """A video of 96x64 at 25 frames per second: grey, with a white block that moves by 2 pixels; then more pictures."""
    images = [np.full((64, 96, 3), 90, np.uint8) for _ in range(frames)]
    for i, image in enumerate(images):
        image[20:32, 4 + 2 * (i % 40) :][:, :12] = 255
        image[50:60, 40:50] = 0
    images += pictures
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f'video{suffix}'
        if suffix == '.gif':
            first, *others = map(Image.fromarray, images)
            first.save(path, save_all=True, append_images=others, duration=40, disposal=1)
        else:
            codec = {'.mp4': 'mp4v', '.webm': 'VP80', '.avi': 'MJPG'}[suffix]
            with quiet_opencv(), standard_error_closed():
                video = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 25, (96, 64))
            for image in images:
                video.write(image)
            video.release()
        return path.read_bytes()


def send_video(client: Client, content: bytes, **fields: str) -> requests.Response:
    """Post a video with the fields of a form."""
    return client.post('/predict/video', files={'file': ('../walk.mp4', content)}, data=fields)


def is_on_block(point: Sequence[float], frame: int) -> bool:
    """Whether a point is on the white block of a frame, but for a pixel that its codec adds."""
    left = 4 + 2 * (frame % 40)
    return left - 1 <= point[0] <= left + 12 and 19 <= point[1] <= 32


Start = Callable[..., Client]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a server with settings; ``seconds`` is what a batch takes."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start_server(seconds: float = 0, **settings: Any) -> Client:
            models: Any = {'first': Extremes(seconds), 'second': Extremes(seconds, shift=1)}
            chosen = ServeSettings(**settings)
            app = make_app(ServedModels(models), chosen)
            return Client(stack.enter_context(run_app(app, chosen)), models)

        yield start_server


@pytest.fixture(scope='module')
def client() -> Iterator[Client]:
    """A server with the default settings but small limits."""
    models: Any = {'first': Extremes(), 'second': Extremes(shift=1)}
    settings = ServeSettings(max_bytes=100_000, max_pixels=1_000_000, allowed_hosts=('pose.example',))
    with run_app(make_app(ServedModels(models), settings)) as address:
        yield Client(address, models)
