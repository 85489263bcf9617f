"""How far bf16 and int8 move the keypoints of a trained model, and its score: every way to run it on the same crops."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import Tensor

from ..inference.backends import make_forward
from ..inference.heatmaps import Forward, head_of, makes_heatmaps, with_flip_test
from ..inference.loading import build_pose_model
from ..utils.configs import open_config
from .backends import exported_forward
from .machine_description import describe_machine
from .report import Report

REFERENCE = 'torch fp32'
MIN_SCORE = 0.3  # a keypoint is compared from this score of the reference on
CALIBRATION_CROPS = 128
SEED = 0


def benchmark_precision(
    config: str, checkpoint: str, *, rows: Sequence[str] | None, batch: int, say: Callable[[str], None]
) -> Report:
    """Run the people of ``val_dataloader`` in every number type that this machine can; return a report.

    Each row has the distance of its keypoints to those in fp32, in pixels of the crop (the model's input) where the
    score in fp32 is above 0.3, flip test included, and the metrics of ``val_evaluator``.

    Args:
        config: config of a model with UDP heatmaps.
        checkpoint: its trained weights.
        rows: names of rows; None for all that this machine can run.
        batch: number of crops a forward pass gets, and as many mirrored ones.
        say: takes a line of progress.

    Raises:
        ValueError: files that do not fit, or a model without UDP heatmaps.
    """
    model: Any = build_pose_model(config, checkpoint)
    if not makes_heatmaps(model):
        raise ValueError(f'{config} has no UDP heatmaps, and only those are run by other backends.')
    cfg = open_config(config)
    batches = read_batches(cfg, batch)
    say(f'{sum(len(one["inputs"]) for one in batches)} people')
    keypoints: dict[str, np.ndarray] = {}
    scores: dict[str, np.ndarray] = {}
    metrics: dict[str, dict[str, float]] = {}
    for name, make in makers(model, cfg).items():
        if rows is not None and name not in (*rows, REFERENCE):
            continue
        say(f'{name} ...')
        try:
            forward = make()
        except ValueError as error:
            say(f'{name}: left out, {error}')
            continue
        keypoints[name], scores[name], metrics[name] = run(model, cfg, forward, batches)
    seen = scores[REFERENCE] > MIN_SCORE
    report = Report('Precision', describe_machine(torch.device('cpu')), notes(cfg, config, seen))
    report.tables['Keypoints and scores'] = [
        {'': name, **distances(keypoints[name], keypoints[REFERENCE], seen), **as_text(metrics[name])}
        for name in keypoints
    ]
    report.raw = {'metrics': metrics}
    return report


def makers(model: Any, cfg: Any) -> dict[str, Callable[[], Forward]]:
    """Return what makes the function from crops to heatmaps of each row, the reference first."""
    return {
        REFERENCE: lambda: make_forward('torch', model, 'fp32'),
        'torch bf16': lambda: make_forward('torch', model, 'bf16'),
        'openvino bf16': lambda: make_forward('openvino', model, 'bf16'),
        'onnxruntime int8': lambda: as_forward(exported_forward(model, '.onnx', calibration_crops(cfg))),
        'openvino int8': lambda: as_forward(exported_forward(model, '.xml', calibration_crops(cfg))),
    }


def as_forward(run_file: Callable[[Tensor], Any]) -> Forward:
    """Return the function to (N, K, h, w) heatmaps of one that returns arrays, the heatmaps first."""
    return lambda crops: torch.as_tensor(run_file(crops)[0])


def read_batches(cfg: Any, batch: int) -> list[dict[str, Any]]:
    """Read the people of ``val_dataloader``: ``inputs``, (3, h, w) uint8 crops, and ``data_samples`` of each batch."""
    loader = copy.deepcopy(cfg.val_dataloader)
    loader.update(batch_size=batch, num_workers=0, persistent_workers=False)
    with DefaultScope.overwrite_default_scope('mmpose'):
        return list(Runner.build_dataloader(loader))


def calibration_crops(cfg: Any) -> Tensor:
    """Return (N, 3, h, w) uint8 crops of people of ``train_dataloader``, without augmentation."""
    loader = copy.deepcopy(cfg.val_dataloader)
    loader.update(batch_size=CALIBRATION_CROPS, num_workers=0, persistent_workers=False)
    loader.sampler.shuffle = True
    loader.dataset = copy.deepcopy(cfg.train_dataloader.dataset)
    loader.dataset.pipeline = cfg.val_dataloader.dataset.pipeline
    with DefaultScope.overwrite_default_scope('mmpose'):
        return torch.stack(next(iter(Runner.build_dataloader(loader, seed=SEED)))['inputs'])


def run(
    model: Any, cfg: Any, forward: Forward, batches: Sequence[dict[str, Any]]
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Return (N, K, 2) keypoints in pixels of the crop, (N, K) scores, and the metrics of the evaluator."""
    with DefaultScope.overwrite_default_scope('mmpose'):
        evaluator = Evaluator(copy.deepcopy(cfg.val_evaluator))
    evaluator.dataset_meta = model.dataset_meta
    keypoints, scores, people = [], [], 0
    for one in batches:
        found = head_of(model).decode(heatmaps_of(model, forward, torch.stack(one['inputs'])))
        keypoints += [person.keypoints.copy() for person in found]  # what follows moves them to the image
        scores += [person.keypoint_scores for person in found]
        samples = model.add_pred_to_datasample(found, None, copy.deepcopy(one['data_samples']))
        evaluator.process(data_samples=samples, data_batch=one)
        people += len(samples)
    return np.concatenate(keypoints), np.concatenate(scores), evaluator.evaluate(people)


@torch.inference_mode()
def heatmaps_of(model: Any, forward: Forward, crops: Tensor) -> Tensor:
    """Return the (N, K, h, w) heatmaps of (N, 3, H, W) uint8 crops, by the flip test where the model's config asks."""
    if not model.test_cfg.get('flip_test', False):
        return forward(crops)
    shift = model.test_cfg.get('shift_heatmap', False)
    return with_flip_test(forward, crops, model.dataset_meta['flip_indices'], shift=shift)


def distances(keypoints: np.ndarray, reference: np.ndarray, seen: np.ndarray) -> dict[str, str]:
    """Return the distances of (N, K, 2) keypoints to the reference's where (N, K) ``seen``, in pixels, as text."""
    apart = np.linalg.norm(keypoints - reference, axis=-1)[seen]
    if not len(apart):
        return {'median, px': '', '99%, px': '', 'largest, px': ''}
    median, high = np.quantile(apart, (0.5, 0.99))
    return {'median, px': f'{median:.3f}', '99%, px': f'{high:.3f}', 'largest, px': f'{apart.max():.3f}'}


def as_text(metrics: dict[str, float]) -> dict[str, str]:
    """Return metrics without the prefix of their evaluator, to four decimals."""
    return {name.split('/')[-1]: f'{value:.4f}' for name, value in metrics.items()}


def notes(cfg: Any, config: str, seen: np.ndarray) -> list[str]:
    """Say what was run."""
    width, height = cfg.codec.input_size if 'codec' in cfg else cfg.model.head.decoder.input_size
    return [
        f'{config}: {len(seen)} people of val_dataloader, crops of {width}x{height} (w x h), with the flip test of the '
        f'config; int8 by OpenVINO is calibrated on {CALIBRATION_CROPS} people of train_dataloader.',
        f'Distances to {REFERENCE} in pixels of the crop, of the {int(seen.sum())} keypoints with a score above '
        f'{MIN_SCORE} there.',
    ]
