from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vitpose_mm.codecs import BatchedUDPHeatmap
from vitpose_mm.export import check
from vitpose_mm.models.heads.oks_scorer import OKSScorer

CODEC = BatchedUDPHeatmap((48, 64), (12, 16), sigma=2)


def heatmaps() -> np.ndarray:
    """Three people with two keypoints, the second one hardly seen."""
    maps = np.zeros((3, 2, 16, 12), np.float32)
    for person in range(3):
        encoded = CODEC.encode(np.array([[[20.0 + person, 30.0], [10.0, 50.0]]]), np.ones((1, 2)))['heatmaps']
        maps[person] = encoded * np.array([0.9, 0.1])[:, None, None]
    return maps


@pytest.mark.parametrize('scored', [False, True])
def test_scores_of_a_file_are_compared_with_the_models(scored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head's scorer gives them where there is one, and not the maxima of the heatmaps."""
    torch.manual_seed(0)
    scorer = OKSScorer(2, (48, 64), [0.05, 0.05]).eval() if scored else None
    maps = heatmaps()
    keypoints, scores = check.decode(maps, CODEC)
    if scorer is not None:
        scores = scorer(torch.tensor(keypoints).float(), torch.tensor(scores).float()).detach().numpy()
    scores = scores + np.array([0.25, 0.5])  # of keypoints with a low maximum nothing is said
    answer = np.concatenate([keypoints + np.array([3.0, 4.0]), scores[..., None]], -1)
    monkeypatch.setattr(check, 'open_exported', lambda file: lambda crops: (answer,))
    crops = np.zeros((3, 3, 64, 48), np.float32)
    difference = check.compare(Path('a.onnx'), crops, maps, codec=CODEC, scorer=scorer, real=True)
    assert difference.heatmaps is None and difference.keypoints == 3
    assert difference.scores == pytest.approx(0.25, abs=1e-6)
    assert difference.worst == pytest.approx(5)
    assert str(difference).endswith('and 5.000 px at most; their scores by at most 2.5e-01')


def test_a_file_of_heatmaps_has_no_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = heatmaps()
    monkeypatch.setattr(check, 'open_exported', lambda file: lambda crops: (maps + 0.5,))
    difference = check.compare(Path('a.onnx'), np.zeros((3, 3, 64, 48), np.float32), maps, codec=CODEC, real=False)
    assert difference.scores is None and difference.heatmaps == pytest.approx(0.5)
    assert 'scores by' not in str(difference)
