"""Write predicted people as plain numbers to a json file with mmpose's keys.

An image gives ``{meta_info, instance_info: [person, ...]}``, a folder one record an image, as mmpose does
for the frames of a video: ``{meta_info, instance_info: [{image, instances: [person, ...]}, ...]}``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.structures import PoseDataSample, split_instances

from ..utils.files import write_text


def to_plain(value: Any) -> Any:
    """Convert numpy arrays, scalars and containers to lists, numbers and dicts; NaN and infinity become None."""
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return to_plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item) for item in value]
    if isinstance(value, np.generic):
        return to_plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def people_of(sample: PoseDataSample) -> list[dict[str, Any]]:
    """Return one dict per person of a predicted sample: keypoints [K, 2] in image pixels, keypoint_scores [K],
    bbox [[x1, y1, x2, y2]] (doubly nested, as in mmpose) and bbox_score; [] where nobody was found."""
    return to_plain(split_instances(sample.get('pred_instances', None)))


def write_results(path: Path, metainfo: Mapping[str, Any], instance_info: list[Any]) -> None:
    """Write meta information and records to one json file, which appears complete or not at all."""
    text = json.dumps({'meta_info': to_plain(metainfo), 'instance_info': instance_info}, indent=1, allow_nan=False)
    write_text(text, path)
