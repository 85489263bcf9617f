"""Write a result as the body of a response, in the format that a client asked for."""

from __future__ import annotations

import base64
import json
from typing import Any

import cv2
import numpy as np
from starlette.responses import Response

from ..inference.pose_result import PoseResult
from ..inference.results import to_plain

FORMATS = ('json', 'coco', 'openpose', 'csv')
HEATMAP_SIDE = 512  # pixels of the longer side, at most


def to_answer(result: PoseResult, model: str, form: str) -> Response:
    """Return the response with a result in one of ``FORMATS``."""
    if form == 'csv':
        return Response(result.to_csv(), media_type='text/csv; charset=utf-8')
    content: Any
    if form == 'coco':
        content = result.to_coco()
    elif form == 'openpose':
        content = result.to_openpose()
    else:
        content = describe_result(result, model)
    return Response(json.dumps(content, allow_nan=False), media_type='application/json')


def describe_result(result: PoseResult, model: str) -> dict[str, Any]:
    """Return model, width and height in pixels, and one dict per person; with a heatmap where it was asked for."""
    height, width = result.image.shape[:2]
    answer = {'model': model, 'width': width, 'height': height, 'instances': list_people(result)}
    if 'pred_fields' in result.sample:
        answer['heatmap'] = to_data_url(result.sample.pred_fields.heatmaps[0])
    return answer


def list_people(result: PoseResult) -> list[dict[str, Any]]:
    """Return one dict per person, its keys those of the demo's json file, with a flat bbox x1, y1, x2, y2."""
    return to_plain(
        [
            {'keypoints': keypoints, 'keypoint_scores': scores, 'bbox': box, 'bbox_score': box_score}
            for keypoints, scores, box, box_score in zip(
                result.keypoints, result.scores, result.boxes, result.box_scores, strict=True
            )
        ]
    )


def to_data_url(heat: np.ndarray) -> str:
    """Return (H, W) heat, 0 to 1, as a grey PNG of at most 512 pixels a side, as a data: URL."""
    shrink = min(1, HEATMAP_SIDE / max(heat.shape))
    size = (max(1, round(heat.shape[1] * shrink)), max(1, round(heat.shape[0] * shrink)))
    grey = (np.clip(cv2.resize(np.asarray(heat, np.float32), size), 0, 1) * 255).astype(np.uint8)
    return 'data:image/png;base64,' + base64.b64encode(cv2.imencode('.png', grey)[1].tobytes()).decode()
