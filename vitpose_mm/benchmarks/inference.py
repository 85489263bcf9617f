"""From an image to keypoints next to MMPose: decoding, crops, and several people in one image from end to end."""

from __future__ import annotations

import copy
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.transforms import Compose
from mmdet.apis import inference_detector, init_detector
from mmengine.registry import DefaultScope
from mmpose.apis import inference_topdown, init_model
from mmpose.codecs import UDPHeatmap
from mmpose.utils import adapt_mmdet_pipeline

from ..codecs import BatchedUDPHeatmap
from ..inference.crops import CropMaker
from ..inference.detector import PersonDetector
from ..inference.heatmaps import TorchForward
from ..inference.topdown import TopDown
from ..utils.configs import open_config
from ..zoo import find_detector
from .next_to_mmpose import OURS, THEIRS, report_times
from .report import Report
from .timing import Call, Spread, Stand

CODEC: dict[str, Any] = {'input_size': (192, 256), 'heatmap_size': (48, 64), 'sigma': 2}
CROP = [
    {'type': 'LoadImage'},
    {'type': 'GetBBoxCenterScale'},
    {'type': 'TopdownAffine', 'input_size': CODEC['input_size'], 'use_udp': True},
    {'type': 'PackPoseInputs'},
]
IMAGE_SIZE = (1280, 720)
NETS = 'the two nets alone'


def benchmark_decode(stand: Stand) -> Report:
    """Time heatmaps to keypoints in input space, a batch of people a call; peaks from 0.1 to 1, and noise."""
    rng = np.random.default_rng(0)
    ours, theirs = BatchedUDPHeatmap(**CODEC), UDPHeatmap(**CODEC)
    keypoints = rng.uniform((3, 3), (189, 253), (stand.batch, 17, 2)).astype(np.float32)
    heatmaps = np.stack([ours.encode(one[None])['heatmaps'] for one in keypoints])
    heatmaps *= rng.uniform(0.1, 1, (stand.batch, 17, 1, 1))
    heatmaps = (heatmaps + rng.normal(0, 0.003, heatmaps.shape)).astype(np.float32)
    batch = torch.from_numpy(heatmaps).to(stand.device)
    calls: dict[str, Call] = {
        THEIRS: lambda: [theirs.decode(one) for one in heatmaps],
        OURS: lambda: ours.batch_decode(batch),
    }
    return report_times('Decoding', stand, calls, note='17 heatmaps of 48x64 (w x h) a person.')


def benchmark_crops(stand: Stand) -> Report:
    """Time boxes in one image to crops in the models' number type, a batch of people a call."""
    image, boxes = some_people(stand.batch)
    crop = CropMaker(CODEC['input_size'])
    owners = np.zeros(len(boxes), int)
    with DefaultScope.overwrite_default_scope('mmpose'):
        pipeline = Compose(CROP)
    calls: dict[str, Call] = {
        THEIRS: lambda: [pipeline({'img': image, 'bbox': box[None], 'bbox_score': np.ones(1)}) for box in boxes],
        OURS: lambda: crop([image], boxes, owners, device=stand.device),
    }
    note = f'Crops of 192x256 from an image of {IMAGE_SIZE[0]}x{IMAGE_SIZE[1]} (w x h).'
    return report_times('Crops', stand, calls, note=note)


def benchmark_inference(stand: Stand, ours: Path, theirs: Path, *, detector: str, precision: str) -> Report:
    """Time one image with people in it, detection and flip test included, next to the two nets alone and to MMPose.

    Args:
        stand: where and how; its batch is the number of people.
        ours: config of our pose model.
        theirs: config of MMPose's.
        detector: name in the zoo.
        precision: of our pose model, as in ``PosePredictor``.
    """
    image, boxes = some_people(stand.batch)
    scored = np.concatenate((boxes, np.ones((len(boxes), 1), np.float32)), axis=1)
    find = build_detector_without_weights(detector, str(stand.device))
    model, mmpose_model = (build_pose_model_without_weights(path, str(stand.device)) for path in (ours, theirs))
    forward = TorchForward(model, precision)
    crops = CropMaker(CODEC['input_size'])([image], boxes, np.zeros(len(boxes), int), device=stand.device).pixels
    both = torch.cat((crops, crops.flip(-1)))
    prepared = find.prepare([image])[0]
    batch = find.model.data_preprocessor({key: [prepared[key]] for key in ('inputs', 'data_samples')})['inputs']
    timer = NetTimer(stand)
    topdown = TopDown(find, model, forward=timer.wrap(forward))
    find.model.extract_feat = timer.wrap(find.model.extract_feat)
    find.model.bbox_head.forward = timer.wrap(find.model.bbox_head.forward)

    @torch.inference_mode()
    def nets() -> None:
        find.model(batch, None, mode='tensor')
        forward(both)

    def everything() -> None:
        with timer.whole_call():
            find(image)
            topdown.estimate(image, scored)

    def mmposes() -> None:
        inference_detector(find.model, image)
        inference_topdown(mmpose_model, image, boxes)

    calls: dict[str, Call] = {THEIRS: mmposes, OURS: everything, NETS: nets}
    note = (
        f'One image of {IMAGE_SIZE[0]}x{IMAGE_SIZE[1]} (w x h), {detector} and {ours.stem} with random weights, '
        f'{"bf16" if forward.bf16 else "fp32"}; given boxes take the place of those found. The nets alone get a '
        f'resized image, and {2 * len(boxes)} crops, the mirrored ones among them.'
    )
    report = report_times('One image', stand, calls, note=note)
    report.notes += describe_rest(report.raw, timer)
    return report


def describe_rest(raw: dict[str, Any], timer: NetTimer) -> list[str]:
    """Say what our calls take besides the two nets, in one sentence for each way to measure it."""
    alone = raw[NETS]
    over = Spread.of([a / b - 1 for a, b in zip(raw[OURS], alone, strict=True)])
    rest = Spread.of(timer.rest)
    return [
        f'Ours takes {over.median:+.1%} ({over.low:+.1%} to {over.high:+.1%}) to the two nets alone, round by round.',
        f'Within one call of ours, all but the nets takes {1000 * rest.median:.1f} ms ({1000 * rest.low:.1f} to '
        f'{1000 * rest.high:.1f}), {rest.median / statistics.median(alone):.2%} of the two nets alone.',
    ]


class NetTimer:
    """Times what whole calls take apart from the nets that are called in them.

    Attributes:
        rest: seconds of each whole call, without the nets.
    """

    def __init__(self, stand: Stand) -> None:
        self.clock = stand.clock
        self.rest: list[float] = []
        self._nets = 0.0

    def wrap(self, net: Callable[..., Any]) -> Callable[..., Any]:
        """Return a net whose time is not that of the rest."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = self.clock.now()
            result = net(*args, **kwargs)
            self._nets += self.clock.now() - start
            return result

        return timed

    @contextmanager
    def whole_call(self) -> Iterator[None]:
        """Time a block."""
        self._nets, start = 0.0, self.clock.now()
        yield
        self.rest.append(self.clock.now() - start - self._nets)


def some_people(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of noise (H, W, 3) uint8 and (N, 4) boxes in it."""
    rng = np.random.default_rng(0)
    width, height = IMAGE_SIZE
    corner = rng.uniform((0, 0), (width - 300, height - 500), (number, 2))
    boxes = np.concatenate((corner, corner + rng.uniform((100, 200), (300, 500), (number, 2))), axis=1)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8), boxes.astype(np.float32)


def build_detector_without_weights(name: str, device: str) -> PersonDetector:
    """Return a detector of the zoo with the weights that its training starts from, which finds nobody."""
    cfg = open_config(find_detector_config(name))
    cfg.model.test_cfg.score_thr = 0.3  # MMPose's call gets it too: it would sort all boxes of all classes
    cfg.model.backbone.init_cfg = None
    model = init_detector(cfg, None, device=device, palette='none')
    model.bbox_head.init_weights()  # scores of 0.01; without it all are 0.5, and 670,000 boxes are sorted
    model.cfg = adapt_mmdet_pipeline(model.cfg)
    return PersonDetector(model)


def find_detector_config(name: str) -> str:
    """Return the config of a detector of the zoo."""
    return find_detector(name).config


def build_pose_model_without_weights(config: Path, device: str) -> Any:
    """Return the model of a config with random weights, in eval mode."""
    cfg = copy.deepcopy(open_config(str(config)))
    cfg.train_dataloader = cfg.test_dataloader
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    return init_model(cfg, None, device=device)
