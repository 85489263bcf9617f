"""Writing MPII's ground-truth arrays."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def write_mpii_truth(path: Path, records: Sequence[dict], *, heads: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Writes the arrays of MPII's ground-truth file: head boxes (2, 2, N), joints (16, 2, N), missing (16, N).

    Args:
        path: mpii_gt_*.mat.
        records: N people as in mmpose's MPII list: joints (16, 2), joints_vis (16,).
        heads: N boxes ((x1, y1), (x2, y2)) in pixels from 1.
        names: names of the 16 joints.
    """
    from scipy.io import savemat  # only this function needs scipy

    joints = np.array([record['joints'] for record in records], dtype=float).reshape(-1, len(names), 2)
    missing = 1 - np.array([record['joints_vis'] for record in records], dtype=int).reshape(-1, len(names))
    boxes = np.stack(list(heads)) if heads else np.zeros((0, 2, 2))
    whole = io.BytesIO()
    savemat(whole, {
        'headboxes_src': boxes.transpose(1, 2, 0), 'pos_gt_src': joints.transpose(1, 2, 0),
        'jnt_missing': missing.T, 'dataset_joints': np.array(names, dtype=object),
    })  # fmt: skip
    text = b'MATLAB 5.0 MAT-file'.ljust(116)  # without the time of writing: the same people are the same file
    path.write_bytes(text + whole.getvalue()[116:])
