"""Make the records of each dataset's format from the observations of one image."""

from __future__ import annotations

import cv2
import numpy as np

from .label_sets import AIC, COCO, CROWDPOSE, MPII, flat_keypoints
from .observe import Observation
from .rotations import Array


def coco_records(
    observations: list[Observation], names: tuple[str, ...], *, image_id: int, outlines: bool
) -> list[dict]:
    """Return COCO annotation records without ids; `outlines` adds the segmentation."""
    records = []
    for seen in observations:
        keypoints = flat_keypoints(seen, names)
        record = {
            'image_id': image_id,
            'category_id': 1,
            'iscrowd': int(seen.in_crowd),
            'bbox': [round(float(v), 2) for v in seen.box],
            'area': round(seen.area, 2),
            'num_keypoints': sum(v > 0 for v in keypoints[2::3]),
            'keypoints': keypoints,
        }
        if outlines:
            record['segmentation'] = run_lengths(seen.mask) if seen.in_crowd else polygons(seen.mask)
        records.append(record)
    return records


def mpii_records(observations: list[Observation], *, file_name: str) -> tuple[list[dict], list[Array]]:
    """Return MPII list records and head boxes (2, 2) as [[x1, y1], [x2, y2]].

    MPII counts pixels from 1; mmpose takes 1 off the centre and adds 1 to predictions. `scale` is the person's
    size in units of 200 pixels, and mmpose moves the centre down by 15 of them, so ours is above the box's middle.
    """
    records, heads = [], []
    for seen in observations:
        if not any(v for _, _, v in seen.points.values()):
            continue
        x, y, w, h = seen.box
        scale = max(w, h) / 200
        points = [seen.points[name] for name in MPII]
        records.append({
            'image': file_name,
            'joints': [[round(px + 1, 2), round(py + 1, 2)] if v else [0.0, 0.0] for px, py, v in points],
            'joints_vis': [int(v > 0) for _, _, v in points],
            'center': [round(float(x + w / 2 + 1), 2), round(float(y + h / 2 + 1 - 15 * scale), 2)],
            'scale': round(float(scale), 6),
        })  # fmt: skip
        heads.append(seen.head_box.reshape(2, 2) + 1)
    return records, heads


def all_records(observations: list[Observation], *, image_id: int, file_name: str) -> dict:
    """Return the records per label set of one image."""
    mpii, heads = mpii_records(observations, file_name=file_name)
    return {
        'coco': coco_records(observations, COCO, image_id=image_id, outlines=True),
        'aic': coco_records(observations, AIC, image_id=image_id, outlines=False),
        'crowdpose': coco_records(observations, CROWDPOSE, image_id=image_id, outlines=False),
        'crowd_index': crowd_index(observations),
        'mpii': mpii,
        'heads': heads,
    }


def crowd_index(observations: list[Observation]) -> float:
    """Return CrowdPose's index: mean share of others' joints among own joints in each box, 0 to 1.

    Source: CrowdPose (Li et al., CVPR 2019), section 3.
    """
    people = [seen for seen in observations if any(v for _, _, v in seen.points.values())]
    if not people:
        return 0.0
    joints = [np.array([p[:2] for p in (s.points[n] for n in CROWDPOSE) if p[2] > 0]).reshape(-1, 2) for s in people]
    ratios = []
    for i, seen in enumerate(people):
        x, y, w, h = seen.box
        inside = [int(((p >= [x, y]) & (p <= [x + w, y + h])).all(axis=1).sum()) for p in joints]
        others = sum(inside) - inside[i]
        ratios.append(min(others / max(inside[i], 1), 1.0))
    return round(float(np.mean(ratios)), 4)


def polygons(mask: Array) -> list[list[float]]:
    """Return the outlines of a mask (H, W) as COCO polygons [x, y, ...], without pieces of fewer than three corners."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    shapes = [cv2.approxPolyDP(contour, 0.7, True).reshape(-1) for contour in contours]
    return [[float(v) for v in shape] for shape in shapes if len(shape) >= 6]


def run_lengths(mask: Array) -> dict:
    """Return COCO's uncompressed run lengths of a mask (H, W): column by column, zeros first."""
    flat = np.concatenate([[False], mask.T.reshape(-1), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(np.concatenate([[0], edges, [mask.size]]))
    return {'counts': [int(c) for c in counts], 'size': [int(v) for v in mask.shape]}
