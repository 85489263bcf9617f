"""The id of each tracked person, written on the picture in a colour of its own."""

from __future__ import annotations

import cv2
import numpy as np

from .result import VideoResult

GOLDEN = 0.618  # of the circle of hues: neighbouring ids get colours far apart


def draw_track_ids(picture: np.ndarray, result: VideoResult) -> np.ndarray:
    """Draw the ids of people above their boxes on an (H, W, 3) uint8 BGR picture."""
    if result.track_ids is None:
        return picture
    picture = np.ascontiguousarray(picture)
    scale = max(min(picture.shape[:2]) / 800, 0.4)
    thickness = max(round(2 * scale), 1)
    for box, track in zip(result.boxes, result.track_ids.tolist(), strict=True):
        text = str(track)
        (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
        x = int(np.clip(box[0], 0, max(picture.shape[1] - width, 0)))
        y = int(np.clip(box[1], height + base, picture.shape[0]))
        cv2.rectangle(picture, (x, y - height - base), (x + width, y), color_of(track), cv2.FILLED)
        corner = (x, y - base // 2 - 1)
        cv2.putText(picture, text, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), thickness, cv2.LINE_AA)
    return picture


def color_of(track: int) -> tuple[int, int, int]:
    """Return the BGR colour of a track id."""
    pixel = np.array([[[int(track * GOLDEN * 180) % 180, 140, 255]]], np.uint8)
    blue, green, red = cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return blue, green, red
