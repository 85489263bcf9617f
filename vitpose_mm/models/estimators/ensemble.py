"""Several trained models as one: their heatmaps are averaged before keypoints are decoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from torch import Tensor, nn

from vitpose_mm.checkpoints.strict_load import load_strictly
from vitpose_mm.registry import MODELS

from ..preprocessor_check import find_preprocessor_difference


@MODELS.register_module()
class PoseEnsemble(BaseModel):
    """Maps (B, 3, h, w) person crops to keypoints in image pixels by the mean of the members' heatmaps; for testing.

    All members get the same crops and samples, each with its own flip test. The first one's codec and
    ``test_cfg`` count. Members may differ in all that leaves the heatmaps' size alone, such as the backbone.

    Args:
        members: configs of PoseEstimators.
        checkpoints: a file for each, loaded here; all of a member's weights must be in it.

    Raises:
        ValueError: fewer or more checkpoints than members, one that does not fit, or members of other keypoints.

    Source: ViTPose's best figure on COCO test-dev is that of an ensemble of three.
    """

    def __init__(self, members: Sequence[dict], checkpoints: Sequence[str]) -> None:
        if not members or len(members) != len(checkpoints):
            raise ValueError(f'{len(members)} members and {len(checkpoints)} checkpoints: give one of each at least.')
        built: list[Any] = [MODELS.build(member) for member in members]
        keypoints = [_keypoints(member.head) for member in built]
        for index, own in enumerate(keypoints):
            if own != keypoints[0]:
                raise ValueError(
                    f'Model {index + 1} of the ensemble predicts {own} keypoints and the first one {keypoints[0]}: '
                    f'their heatmaps have no mean; leave one of them out.'
                )
            if name := find_preprocessor_difference(built[0].data_preprocessor, built[index].data_preprocessor):
                raise ValueError(
                    f'The data_preprocessor of model {index + 1} of the ensemble has another {name} than the first '
                    f"one's: all see the same crops; leave one of them out."
                )
        super().__init__(built[0].data_preprocessor)
        for index, (member, checkpoint) in enumerate(zip(built, checkpoints, strict=True)):
            load_strictly(member, checkpoint, f'model {index + 1} of the ensemble')
        self.members = nn.ModuleList(built)

    def forward(self, inputs: Tensor, data_samples: list | None = None, mode: str = 'tensor') -> Any:
        """Return the samples with ``pred_instances`` (mode 'predict'), or the mean heatmaps (mode 'tensor').

        Raises:
            ValueError: another mode.
        """
        if mode == 'tensor':
            return mean_of([member(inputs, data_samples, mode='tensor') for member in self.members])
        if mode == 'predict' and data_samples is not None:
            return self.predict(inputs, data_samples)
        raise ValueError(f"mode={mode!r}: an ensemble is for testing; train its members one by one, mode='loss' there.")

    def predict(self, inputs: Tensor, data_samples: list) -> list:
        """Add ``pred_instances`` in image pixels to the B samples of (B, 3, h, w) crops."""
        first: Any = self.members[0]
        members: Any = self.members
        found = [
            member.head.heatmaps(member.extract_test_feat(inputs, data_samples), data_samples, member.test_cfg)
            for member in members
        ]
        means = [mean_of(maps) for maps in zip(*found, strict=True)]
        instances = first.head.decode_each(means, data_samples)
        fields = [PixelData(heatmaps=mean) for mean in means] if first.test_cfg.get('output_heatmaps') else None
        return first.add_pred_to_datasample(instances, fields, data_samples)


def mean_of(maps: Sequence[Tensor]) -> Tensor:
    """Return the mean of the members' (..., K, h, w) heatmaps.

    Raises:
        ValueError: they differ in size.
    """
    sizes = dict.fromkeys(tuple(one.shape[-2:]) for one in maps)
    if len(sizes) > 1:
        raise ValueError(
            f"The members' heatmaps differ in size, (h, w) {' and '.join(map(str, sizes))}: average models with the "
            f'same codec.heatmap_size.'
        )
    return torch.stack(list(maps)).mean(0)


def _keypoints(head: Any) -> int | dict[str, int]:
    """Return K of a head, or of each dataset's head."""
    if hasattr(head, 'heads'):
        return {name: one.out_channels for name, one in head.heads.items()}
    return int(head.out_channels)
