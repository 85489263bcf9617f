"""One head for each dataset; each sample goes through the head of its own dataset alone.

B samples of a batch, b of them of one dataset; C channels; (H, W) features, (h, w) heatmaps; K keypoints, which
differ by dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from mmengine.model import ModuleDict
from mmpose.models.heads.base_head import BaseHead
from torch import Tensor

from vitpose_mm.registry import MODELS

from ..dataset_names import DatasetNames
from ..layers import zero_loss
from .base import Features, HeatmapPredictor, PoseHeatmapHead
from .oks_scorer import OKSScorer


@MODELS.register_module()
class DatasetRouter(HeatmapPredictor, BaseHead):
    """Maps the features of B samples to the loss or the keypoints of each by the head of its ``dataset_name``.

    The loss of a head is its mean over its own samples times their share of the batch. That equals running the head on
    the whole batch with the other samples masked out, except that its BatchNorm statistics are those of its own
    dataset's samples alone. A head without a sample in the batch is not run: its loss is 0, its parameters get a
    gradient of zeros (DDP would wait for a missing one), and its BatchNorm statistics stay as they are.

    Losses are logged as ``<dataset>.loss_kpt`` and add up to ``loss``; the accuracy is ``<dataset>.acc_pose``.

    Heads are built in the order of their names: a config that MMEngine has dumped has its keys sorted, and a resumed
    optimizer knows its parameters by their order.

    Args:
        heads: dataset name to config of its head, one of ours or a subclass of PoseHeatmapHead.
        aliases: other dataset name to the one whose head it uses.
        default: dataset of :meth:`forward`, which has no samples (FLOPs, export); None for the first, which
            in a dumped config is the first by name.
        shared: what the configs of all heads have in common; a head's own keys override these.
        init_cfg: mmengine's; the heads have their own.

    Raises:
        ValueError: a default or alias for which there is no head, or a head of another kind.

    Source: ViTPose sec. 3.4 (one decoder for each dataset).

    Example:
        >>> shared = dict(type='vitpose_mm.ClassicHead', in_channels=768, decoder=codec)
        >>> heads = dict(coco=dict(out_channels=17), aic=dict(out_channels=14))
        >>> DatasetRouter(heads, aliases=dict(ochuman='coco'), shared=shared)
    """

    def __init__(
        self,
        heads: dict[str, dict],
        *,
        aliases: dict[str, str] | None = None,
        default: str | None = None,
        shared: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.names = DatasetNames(list(heads), aliases, default=default)
        self.heads = ModuleDict({name: MODELS.build({**(shared or {}), **heads[name]}) for name in sorted(heads)})
        for name, head in self.heads.items():
            if not isinstance(head, PoseHeatmapHead):
                raise ValueError(f'heads.{name} is a {type(head).__name__}: use vitpose_mm.ClassicHead or SimpleHead.')
        self._last_accuracy: dict[str, Tensor] = {}

    @property
    def default_head(self) -> Any:
        """The head of the default dataset."""
        return self.heads[self.names.default]

    @property
    def out_channels(self) -> int:
        """K of the default dataset, which is what :meth:`forward` gives."""
        return self.default_head.out_channels

    @property
    def decoder(self) -> Any:
        """The codec of the default dataset's head."""
        return self.default_head.decoder

    @property
    def oks_scorer(self) -> OKSScorer | None:
        """What predicts the scores of the default dataset's keypoints; None for the maxima of their heatmaps."""
        return self.default_head.oks_scorer

    def decode(self, batch_outputs: Tensor) -> list:
        """Decode (B, K, h, w) heatmaps of the default dataset to keypoints in input space, pixels."""
        return self.default_head.decode(batch_outputs)

    def train(self, mode: bool = True) -> DatasetRouter:
        """Set the mode of all heads.

        Raises:
            ValueError: a head has a synchronised BatchNorm, which deadlocks where a process lacks its dataset.
        """
        if mode and any(type(module).__name__ == 'SyncBatchNorm' for module in self.modules()):
            raise ValueError(
                'A head of a DatasetRouter cannot have a SyncBatchNorm: it would deadlock, because a process whose '
                'batch lacks the dataset of the head never joins the synchronisation. Remove sync_bn from the config.'
            )
        super().train(mode)
        return self

    # ------------------------------------------------------------------ samples to heads

    def forward(self, feats: Features) -> Tensor:
        """Map a tuple whose last map is (B, C, H, W) to (B, K, h, w) heatmaps of the default dataset."""
        return self.default_head(feats)

    def loss(self, feats: Features, batch_data_samples: list, train_cfg: Any = None) -> dict[str, Tensor]:
        """Return losses and accuracies of all heads, the same keys whatever the batch holds."""
        indices = self._indices_by_dataset(batch_data_samples)
        logs: dict[str, Tensor] = {}
        for name, head in self.heads.items():
            if name in indices:
                samples = [batch_data_samples[i] for i in indices[name]]
                found = head.loss(select(feats, indices[name]), samples, train_cfg)
                share = len(samples) / len(batch_data_samples)
                logs |= {f'{name}.{key}': value * share if 'loss' in key else value for key, value in found.items()}
            else:
                logs[f'{name}.loss_kpt'] = zero_loss([head], feats[-1].device)
                if head.oks_scorer is not None:
                    logs[f'{name}.loss_oks'] = torch.zeros((), device=feats[-1].device)
        if (train_cfg or {}).get('compute_acc', True):
            self._fill_accuracies(logs)
        return logs

    def _fill_accuracies(self, logs: dict[str, Tensor]) -> None:
        """Log the last accuracy of a head that has no sample in this batch; 0 before its first."""
        for name in self.heads:
            key = f'{name}.acc_pose'
            latest = logs.get(key, self._last_accuracy.get(key))
            logs[key] = self._last_accuracy[key] = torch.zeros(()) if latest is None else latest

    def heatmaps(self, feats: Features | list[Features], samples: list, test_cfg: Any = None) -> list[Tensor]:
        """Return heatmaps as HeatmapPredictor does; K is that of each sample's dataset."""

        def own(head: Any, indices: list[int]) -> list[Tensor]:
            chosen = [select(one, indices) for one in feats] if isinstance(feats, list) else select(feats, indices)
            return head.heatmaps(chosen, [samples[i] for i in indices], test_cfg)

        return self._by_head(samples, own)

    def decode_each(self, heatmaps: list[Tensor], samples: list) -> list:
        """Decode B heatmaps (K, h, w), K by dataset, to keypoints of each in input space, pixels."""

        def own(head: Any, indices: list[int]) -> list:
            return head.decode_each([heatmaps[i] for i in indices], [samples[i] for i in indices])

        return self._by_head(samples, own)

    def _by_head(self, samples: list, call: Callable[[Any, list[int]], list]) -> list:
        """Run ``call(head, indices)`` for each dataset in the batch; return the result of each sample, in order."""
        results: dict[int, Any] = {}
        for name, indices in self._indices_by_dataset(samples).items():
            results.update(zip(indices, call(self.heads[name], indices), strict=True))
        return [results[index] for index in range(len(samples))]

    def _indices_by_dataset(self, samples: list) -> dict[str, list[int]]:
        """Return the indices in the batch of each dataset's samples; datasets without one are left out."""
        indices: dict[str, list[int]] = {}
        for index, name in enumerate(self.names.of_samples(samples)):
            indices.setdefault(name, []).append(index)
        return indices


def select(feats: Features, indices: list[int]) -> Features:
    """Select b indices of maps of B samples: maps (b, C, H, W), or the same maps where all B are selected."""
    if len(indices) == len(feats[-1]):
        return feats
    index = torch.tensor(indices).to(feats[-1].device, non_blocking=True)
    return tuple(feat.index_select(0, index) for feat in feats)
