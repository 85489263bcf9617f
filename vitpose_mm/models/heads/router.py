"""One head for each dataset; each sample goes through the head of its own dataset alone.

B samples of a batch, b of them of one dataset; C channels; (H, W) features, (h, w) heatmaps; K keypoints, which
differ by dataset.
"""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import ModuleDict
from mmpose.models.heads.base_head import BaseHead
from torch import Tensor

from vitpose_mm.registry import MODELS

from ..layers import nothing_of
from ..names import DatasetNames
from .base import Features


@MODELS.register_module()
class DatasetRouter(BaseHead):
    """Maps the features of B samples to the loss or the keypoints of each by the head of its ``dataset_name``.

    The loss of a head is its mean over its own samples times their share of the batch, which is what it would be
    were the head run on the whole batch and the other samples masked. A head without a sample in the batch is not
    run: its loss is 0, its parameters get zeros for a gradient (so DDP waits for none), and its BatchNorm stays.
    A head's BatchNorm sees the samples of its own dataset only.

    Losses are logged as ``<dataset>.loss_kpt`` and add up to ``loss``; the accuracy is ``<dataset>.acc_pose``.

    Args:
        heads: dataset name to config of its head, a head with HeatmapHead's ``loss`` and ``predict``.
        aliases: other dataset name to the one whose head it uses.
        default: dataset of :meth:`forward`, which has no samples (FLOPs, export); None for the first.
        shared: what the configs of all heads have in common; a head's own keys go first.
        init_cfg: of mmengine; the heads have their own.

    Raises:
        ValueError: a default or alias that names no head.

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
        self.heads = ModuleDict({name: MODELS.build({**(shared or {}), **head}) for name, head in heads.items()})
        self._last_accuracy: dict[str, Tensor] = {}

    @property
    def main(self) -> Any:
        """The head of the default dataset."""
        return self.heads[self.names.default]

    @property
    def out_channels(self) -> int:
        """K of the default dataset, which is what :meth:`forward` gives."""
        return self.main.out_channels

    @property
    def decoder(self) -> Any:
        """The codec of the default dataset's head."""
        return self.main.decoder

    def decode(self, batch_outputs: Tensor) -> list:
        """(B, K, h, w) heatmaps of the default dataset -> keypoints in input space, pixels."""
        return self.main.decode(batch_outputs)

    def train(self, mode: bool = True) -> DatasetRouter:
        """Set the mode of all heads.

        Raises:
            ValueError: a head has a synchronised BatchNorm, which would wait for processes without its dataset.
        """
        if mode and any(type(module).__name__ == 'SyncBatchNorm' for module in self.modules()):
            raise ValueError(
                'A routed head cannot have a SyncBatchNorm: a process whose batch has no sample of its dataset would '
                'be waited for without end. Leave sync_bn out of the config.'
            )
        super().train(mode)
        return self

    # ------------------------------------------------------------------ samples to heads

    def forward(self, feats: Features) -> Tensor:
        """A tuple whose last map is (B, C, H, W) -> (B, K, h, w) heatmaps of the default dataset."""
        return self.main(feats)

    def loss(self, feats: Features, batch_data_samples: list, train_cfg: Any = None) -> dict[str, Tensor]:
        """Features and B samples -> losses and accuracies of all heads, the same keys whatever the batch holds."""
        places = self._places(batch_data_samples)
        logs: dict[str, Tensor] = {}
        for name, head in self.heads.items():
            if name in places:
                samples = [batch_data_samples[i] for i in places[name]]
                found = head.loss(select(feats, places[name]), samples, train_cfg)
                share = len(samples) / len(batch_data_samples)
                logs |= {f'{name}.{key}': value * share if 'loss' in key else value for key, value in found.items()}
            else:
                logs[f'{name}.loss_kpt'] = nothing_of([head], feats[-1].device)
        if (train_cfg or {}).get('compute_acc', True):
            self._fill_accuracies(logs)
        return logs

    def _fill_accuracies(self, logs: dict[str, Tensor]) -> None:
        """The accuracy of a head without a sample is logged as it was the last time, at first as 0."""
        for name in self.heads:
            key = f'{name}.acc_pose'
            seen = logs.get(key, self._last_accuracy.get(key))
            logs[key] = self._last_accuracy[key] = torch.zeros(()) if seen is None else seen

    def predict(self, feats: Features | list[Features], batch_data_samples: list, test_cfg: Any = None) -> Any:
        """Features, or [features, features of the mirrored images], -> each sample's keypoints, in the batch's order.

        Args:
            feats: as a head's ``predict`` takes them.
            batch_data_samples: B samples of any mix of datasets.
            test_cfg: for the heads; with ``output_heatmaps`` there are (K, h, w) heatmaps too, K by dataset.
        """
        preds: dict[int, Any] = {}
        fields: dict[int, Any] = {}
        for name, places in self._places(batch_data_samples).items():
            own = [select(one, places) for one in feats] if isinstance(feats, list) else select(feats, places)
            found = self.heads[name].predict(own, [batch_data_samples[i] for i in places], test_cfg)
            if isinstance(found, tuple):
                found, heatmaps = found
                fields.update(zip(places, heatmaps, strict=True))
            preds.update(zip(places, found, strict=True))
        ordered = [preds[i] for i in range(len(batch_data_samples))]
        return (ordered, [fields[i] for i in range(len(ordered))]) if fields else ordered

    def _places(self, samples: list) -> dict[str, list[int]]:
        """B samples -> the places in the batch of each dataset's samples; datasets without one are left out."""
        places: dict[str, list[int]] = {}
        for place, name in enumerate(self.names.of(samples)):
            places.setdefault(name, []).append(place)
        return places


def select(feats: Features, places: list[int]) -> Features:
    """Maps of B samples and b places -> maps (b, C, H, W); the same maps where all of a batch are asked for."""
    if len(places) == len(feats[-1]):
        return feats
    index = torch.tensor(places).to(feats[-1].device, non_blocking=True)
    return tuple(feat.index_select(0, index) for feat in feats)
