"""How far an exported file is from the model: heatmaps, and keypoints in pixels of the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from .run import open_exported

MIN_SCORE = 0.3  # score from which a keypoint is compared
BATCH = 8


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What was compared, and the differences.

    Attributes:
        crops: number of them.
        real: whether they are crops of people; in noise there are no keypoints.
        heatmaps: the largest absolute difference, over the largest heat where that is above 1; None where the file
            gives keypoints.
        keypoints: number of keypoints with a score above 0.3.
        median, worst: difference of these keypoints, pixels of the input; NaN where there are none.
        scores: the largest difference of the scores of these keypoints; None where the file gives heatmaps.
    """

    crops: int
    real: bool
    heatmaps: float | None
    keypoints: int
    median: float
    worst: float
    scores: float | None

    def __str__(self) -> str:
        kind = 'crops of people' if self.real else 'crops of noise'
        parts = [] if self.heatmaps is None else [f'heatmaps differ by at most {self.heatmaps:.1e}']
        if self.keypoints:
            parts.append(
                f'{self.keypoints} keypoints with a score above {MIN_SCORE} differ by {self.median:.3f} px at the '
                f'median and {self.worst:.3f} px at most'
            )
            if self.scores is not None:
                parts.append(f'their scores by at most {self.scores:.1e}')
        return f'compared with the model on {self.crops} {kind}: {"; ".join(parts) or "no keypoint has such a score"}'


def compare(
    file: Path,
    crops: np.ndarray,
    expected: np.ndarray,
    *,
    codec: Any,
    scorer: nn.Module | None = None,
    real: bool,
) -> Difference:
    """Compare what an exported file gives for (N, 3, H, W) crops with the model's (N, K, h, w) heatmaps.

    Args:
        file: gives heatmaps of the same shape, or (N, K, 3) keypoints and scores.
        crops: input.
        expected: heatmaps of the model.
        codec: decodes them.
        scorer: OKSScorer of the model's head, which scores keypoints in place of the maxima of their heatmaps.
        real: whether the crops show people.
    """
    run = open_exported(file)
    got = np.concatenate([run(crops[start : start + BATCH])[0] for start in range(0, len(crops), BATCH)])
    keypoints, scores = decode(expected, codec)
    confident = scores > MIN_SCORE
    heat = apart_scores = None
    if got.ndim == 3:  # (N, K, 3) keypoints
        found = got[..., :2]
        own = scores if scorer is None else predict_oks(scorer, keypoints, scores)
        apart_scores = float(np.abs(got[..., 2] - own)[confident].max(initial=0.0))
    else:
        found, heat = decode(got, codec)[0], float(np.abs(got - expected).max() / max(1.0, np.abs(expected).max()))
    apart = np.linalg.norm(found - keypoints, axis=-1)[confident]
    return Difference(
        crops=len(crops),
        real=real,
        heatmaps=heat,
        keypoints=int(confident.sum()),
        median=float(np.median(apart)) if len(apart) else float('nan'),
        worst=float(apart.max()) if len(apart) else float('nan'),
        scores=apart_scores,
    )


def predict_oks(scorer: nn.Module, keypoints: np.ndarray, maxima: np.ndarray) -> np.ndarray:
    """Return the (N, K) scores that a head's scorer gives (N, K, 2) keypoints with (N, K) maxima."""
    with torch.no_grad():
        oks: np.ndarray = scorer(torch.from_numpy(keypoints).float(), torch.from_numpy(maxima).float()).numpy()
    return oks


def decode(heatmaps: np.ndarray, codec: Any) -> tuple[np.ndarray, np.ndarray]:
    """Decode (N, K, h, w) heatmaps to (N, K, 2) keypoints in pixels of the input and (N, K) scores, by MMPose."""
    read: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] = codec.decode
    with np.errstate(all='ignore'):  # maps of zeros
        pairs = [read(maps) for maps in heatmaps]
    return np.concatenate([keypoints for keypoints, _ in pairs]), np.concatenate([scores for _, scores in pairs])
