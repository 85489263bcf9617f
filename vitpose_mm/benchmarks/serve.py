"""Images per second of the server with 1, 8 and 50 clients, next to the predictor itself in the same process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import torch
import uvicorn

from ..inference import PosePredictor
from ..inference.detector import PersonDetector
from ..serve.app import make_app
from ..serve.listen import open_socket
from ..serve.models import ServedModels
from ..serve.run import make_config
from ..serve.settings import ServeSettings
from ..synthetic.walking import render_walking
from ..utils.counted import counted
from . import serve_clients
from .inference import build_detector_without_weights, build_pose_model_without_weights
from .machine_description import describe_machine
from .report import Report
from .timing import Say, Spread

CLIENTS = (1, 8, 50)
SIZE = (640, 480)
FILES = 16  # different images
PREDICTOR = 'predictor'
MIB = 2**20


class DetectorOfGivenPeople:
    """Runs a detector on images, and returns given boxes: with random weights it finds nobody."""

    def __init__(self, detector: PersonDetector, people: int) -> None:
        self.detector, self.bbox_thr = detector, detector.bbox_thr
        left = np.linspace(40, SIZE[0] - 200, people)
        self.boxes = np.stack([[x, 60, x + 140, 420, 0.9] for x in left]).astype(np.float32)

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the (N, 5) boxes and scores of each image."""
        return [self.boxes for _ in self.detector.detect(images)]


def benchmark_serve(config: Path, *, detector: str, people: int, images: int, rounds: int, say: Say) -> Report:
    """Measure images per second of a predictor and of its server, in turns; return a report.

    Args:
        config: of the pose model, which gets random weights.
        detector: name in the zoo, likewise.
        people: in each image.
        images: of a measurement; with one client a quarter of them.
        rounds: turns.
        say: takes progress.

    Raises:
        ValueError: fewer than 4 images, nobody, or not one round.
    """
    if images < 4 or people < 1 or rounds < 1:
        raise ValueError(
            f'--images {images} --people {people} --rounds {rounds}: give 4 or more, 1 or more, 1 or more.'
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_images(folder / 'images')
        predictor = make_predictor(config, detector, people, folder)
        measured: dict[str, list[dict[str, Any]]] = {}
        with run_server(ServedModels({'model': predictor})) as address:
            calls: dict[str, Callable[[], dict[str, Any]]] = {
                PREDICTOR: lambda: time_predictor(predictor, files, images),
                **{_clients(n): _client_call(address, n, images, files[0].parent) for n in CLIENTS},
            }
            for turn in range(rounds):
                for kind in list(calls)[:: 1 if turn % 2 == 0 else -1]:
                    measured.setdefault(kind, []).append(_observe(calls[kind]))
                    say(f'round {turn + 1}, {kind}: {measured[kind][-1]}')
    notes = [
        f'{config.stem} and {detector} with random weights, {people} given people in images of {SIZE[0]}x{SIZE[1]} '
        f'(w x h), JPEG; {images} images a measurement, {rounds} rounds in turns; wall time. The clients are one '
        'program beside the server.',
        'Images per second and ratios are medians (least to largest) of the rounds.',
    ]
    report = Report('Server', describe_machine(torch.device('cpu')), notes, raw=measured)
    report.tables['Images per second'] = [_row(kind, measured) for kind in measured]
    return report


def _clients(number: int) -> str:
    return f'server, {counted(number, "client")}'


def write_images(folder: Path) -> list[Path]:
    """Write rendered images of walking people as JPEG; return their files."""
    folder.mkdir()
    files = []
    for i, frame in enumerate(render_walking(FILES, people=3, fps=1.0, size=SIZE, seed=0)):
        files.append(folder / f'{i:02}.jpg')
        cv2.imwrite(str(files[-1]), frame.image)
    return files


def make_predictor(config: Path, detector: str, people: int, folder: Path) -> PosePredictor:
    """Return a predictor with random weights, whose detector runs but has the people given."""
    checkpoint = folder / 'pose.pth'
    torch.save({'state_dict': build_pose_model_without_weights(config, 'cpu').state_dict()}, checkpoint)
    predictor = PosePredictor((str(config), str(checkpoint)), None, device='cpu', output_heatmaps=True)
    stand_in: Any = DetectorOfGivenPeople(build_detector_without_weights(detector, 'cpu'), people)
    predictor.detector = stand_in
    return predictor


@contextmanager
def run_server(models: ServedModels) -> Iterator[str]:
    """Serve models in a thread; yield the address."""
    settings = ServeSettings(port=0, timeout=serve_clients.SECONDS)
    models.warm_up()
    listener = open_socket(settings)
    server = uvicorn.Server(make_config(make_app(models, settings), settings))
    thread = threading.Thread(target=server.run, kwargs={'sockets': [listener]}, daemon=True)
    thread.start()
    try:
        yield f'http://127.0.0.1:{listener.getsockname()[1]}'
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def time_predictor(predictor: PosePredictor, files: Sequence[Path], images: int) -> dict[str, Any]:
    """Return seconds and number of results of ``predict`` with a number of files."""
    inputs = [files[i % len(files)] for i in range(images)]
    start = time.perf_counter()
    results = predictor.predict(inputs, batch_size=ServeSettings.max_batch, stream=True, output_heatmaps=False)
    people = [len(result) for result in results]
    return {'seconds': time.perf_counter() - start, 'images': images, 'answers': {'200': sum(map(bool, people))}}


def _client_call(address: str, clients: int, images: int, folder: Path) -> Callable[[], dict[str, Any]]:
    images = images if clients > 1 else images // 4
    words = [sys.executable, serve_clients.__file__, address, str(clients), str(images), str(folder)]

    def call() -> dict[str, Any]:
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        return {**json.loads(said), 'images': images}

    return call


def _observe(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what a call measures, and the processor time and the highest resident memory of this process meanwhile."""
    process, peak, ended = psutil.Process(), 0, threading.Event()
    before = time.process_time()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.05):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        measured = call()
    finally:
        ended.set()
        watcher.join()
    return {**measured, 'processor': time.process_time() - before, 'bytes': peak}


def _row(kind: str, measured: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    rounds = measured[kind]
    rates = [one['images'] / one['seconds'] for one in rounds]
    ratios = [rate * one['seconds'] / one['images'] for rate, one in zip(rates, measured[PREDICTOR], strict=True)]
    rate, ratio = Spread.of(rates), Spread.of(ratios)
    work = Spread.of([one['processor'] / one['images'] for one in rounds])
    good, asked = (sum(one['answers'].get('200', 0) for one in rounds), sum(one['images'] for one in rounds))
    return {
        '': kind,
        'images/s': f'{rate.median:.2f} ({rate.low:.2f} to {rate.high:.2f})',
        'next to the predictor': f'{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})',
        'processor time, s an image': f'{work.median:.3f} ({work.low:.3f} to {work.high:.3f})',
        'answers': f'{good} of {asked}',
        'memory peak, MiB': f'{max(one["bytes"] for one in rounds) / MIB:,.0f}',
    }
