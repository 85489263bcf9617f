"""What a program needs beside the network, as strings by name: JSON where it is more than a word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..version import __version__
from .models import channel_order


def pose_metadata(model: Any, config: str, *, output: str, input_order: str, precision: str) -> dict[str, str]:
    """Return the metadata of a pose model from build_pose_model, and of how it is exported.

    Args:
        model: with ``cfg`` and ``dataset_meta``.
        config: file or name that it was built from.
        output: 'heatmaps' or 'keypoints'.
        input_order: 'rgb' or 'bgr'.
        precision: 'fp32', 'fp16' or 'int8'.
    """
    meta, codec = model.dataset_meta, model.head.decoder
    flip: list[int] = list(meta['flip_indices'])
    step = find_step(model.cfg, 'GetBBoxCenterScale')
    return {
        **_common(model, config, task='pose', input_order=input_order, precision=precision),
        'output': output,
        'dataset_name': str(meta['dataset_name']),
        'keypoint_names': json.dumps([meta['keypoint_id2name'][index] for index in range(meta['num_keypoints'])]),
        'flip_pairs': json.dumps([[index, other] for index, other in enumerate(flip) if index < other]),
        'skeleton': json.dumps([[int(end) for end in link] for link in meta['skeleton_links']]),
        'input_size': json.dumps([int(side) for side in codec.input_size]),
        'heatmap_size': json.dumps([int(side) for side in codec.heatmap_size]),
        'box_padding': json.dumps(step.get('padding', 1.25)),
        'flip_test': json.dumps(bool(model.test_cfg.get('flip_test', False))),
        'codec': json.dumps({'type': type(codec).__name__, **_numbers(codec, 'sigma', 'blur_kernel_size')}),
    }


def detector_metadata(model: Any, config: str, *, precision: str) -> dict[str, str]:
    """Return the metadata of a detector from build_detector.

    Raises:
        ValueError: its test pipeline does not pad images to one size.
    """
    pad = find_step(model.cfg, 'Pad')
    if 'size' not in pad:
        raise ValueError(
            f'{config}: the test pipeline has no Pad with a size, by which the file gets its input size: use a config '
            f'whose test_pipeline resizes and pads to one size, as those of RTMDet do.'
        )
    value = pad.get('pad_val', 0)
    value = value.get('img', 0) if isinstance(value, Mapping) else value
    order = channel_order(model)
    return {
        **_common(model, config, task='detection', input_order=order, precision=precision),
        'input_size': json.dumps([int(side) for side in pad['size']]),
        'pad_value': json.dumps(list(value) if isinstance(value, (list, tuple)) else [value] * 3),
        'classes': json.dumps(list(model.dataset_meta.get('classes', ()))),
    }


def find_step(cfg: Config, name: str) -> Mapping[str, Any]:
    """Return the arguments of a transform of a type in the test pipeline, {} where there is none."""
    steps = cfg.test_dataloader.dataset.pipeline
    return next((step for step in steps if step['type'].rpartition('.')[2] == name), {})


def _common(model: Any, config: str, *, task: str, input_order: str, precision: str) -> dict[str, str]:
    mean, std = (
        getattr(model.data_preprocessor, name).float().flatten().tolist() if hasattr(model.data_preprocessor, name)
        else [fallback] * 3
        for name, fallback in (('mean', 0.0), ('std', 1.0))
    )  # fmt: skip
    return {
        'vitpose_mm': __version__,
        'task': task,
        'precision': precision,
        'input_order': input_order,
        'mean': json.dumps([round(value, 6) for value in mean]),
        'std': json.dumps([round(value, 6) for value in std]),
        'config_name': Path(config).name,
        'config': json.dumps(_to_json(model.cfg.model)),
    }


def _numbers(codec: Any, *names: str) -> dict[str, float]:
    """Return those attributes of a codec that it has."""
    return {name: getattr(codec, name) for name in names if hasattr(codec, name)}


def _to_json(value: Any) -> Any:
    """Convert a config value to what JSON has; ``init_cfg`` and ``checkpoints``, paths of the author, left out."""
    if isinstance(value, Mapping):
        return dict(_to_json_items(value))
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _to_json_items(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if key not in ('init_cfg', 'checkpoints'):
            yield str(key), _to_json(item)
