"""The frozen teacher of a distillation, which is never saved, trained or copied."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vitpose_mm.checkpoints.strict_load import load_strictly
from vitpose_mm.registry import MODELS
from vitpose_mm.utils.configs import open_config
from vitpose_mm.utils.counted import counted

DTYPES = (None, 'bfloat16', 'float16', 'float32')


class Teacher:
    """Maps (B, 3, h, w) crops to (B, K, h', w') heatmaps, with frozen weights and in eval mode.

    It is not an nn.Module, so a module that has it has none of it in state_dict, optimizer, DDP buckets or ``train()``,
    and a deep copy (EMA) shares it. That module calls :meth:`apply` to move it along.

    Args:
        model: a trained PoseEstimator; it is frozen here.
        dtype: number type of its autocast ('bfloat16', 'float16'), whatever the student's is; None: float32.
        flip_indices: the partner of each keypoint in the mirrored image, if known.
    """

    def __init__(self, model: Any, *, dtype: str | None = None, flip_indices: Sequence[int] | None = None) -> None:
        if dtype not in DTYPES:
            raise ValueError(f'teacher_dtype={dtype!r} is not known: choose one of {", ".join(map(repr, DTYPES))}.')
        check_single(model.head, 'teacher')
        self.model = model.requires_grad_(False).eval()
        self.dtype = None if dtype is None else getattr(torch, dtype)
        self.flip_indices = flip_indices

    def __deepcopy__(self, memo: dict) -> Teacher:
        return self

    def apply(self, function: Callable[[Tensor], Tensor]) -> None:
        """Move all tensors as those of its owner are moved (``nn.Module._apply``)."""
        self.model._apply(function)

    @property
    def width(self) -> int:
        """C of the backbone's tokens."""
        return int(self.model.backbone.arch.embed_dims)

    def heatmaps(self, inputs: Tensor, size: tuple[int, int], tokens: Tensor | None = None) -> Tensor:
        """Return (B, K, *size) float32 heatmaps of (B, 3, h, w) crops and (1, T, C) extra tokens.

        Crops and heatmaps of another size than the teacher's are resized. UDP puts the first and the last
        pixel of both at the same positions whatever the size, so corners are aligned.
        """
        inputs = self._own_size(inputs)
        appended = () if tokens is None else (None, tokens.expand(len(inputs), -1, -1))
        with torch.autocast(inputs.device.type, self.dtype, enabled=self.dtype is not None):
            feats = self.model.backbone(inputs.float(), *appended)
            feats = self.model.neck(feats) if self.model.with_neck else feats
            heatmaps = self.model.head(feats)
        return resize(heatmaps.float(), size)

    def embed(self, inputs: Tensor, grid: tuple[int, int]) -> Tensor:
        """Return the (B, *grid, C) tokens of (B, 3, h, w) crops that enter the first block, resized to the grid."""
        tokens = self.model.backbone.embed(self._own_size(inputs)).permute(0, 3, 1, 2)  # (B, C, H, W)
        if tokens.shape[-2:] != torch.Size(grid):
            tokens = F.interpolate(tokens, grid, mode='bilinear', align_corners=False)  # patches are areas
        return tokens.permute(0, 2, 3, 1)

    def _own_size(self, inputs: Tensor) -> Tensor:
        size = getattr(self.model.backbone, 'input_size', None)  # a convolutional one takes any
        return inputs if size is None else resize(inputs, (size[1], size[0]))

    def check_keypoints(self, number: int, flip_indices: Sequence[int] | None = None) -> None:
        """Check that the teacher has the student's keypoints.

        Raises:
            ValueError: the teacher has others.
        """
        own = self.model.head.out_channels
        if own != number:
            raise ValueError(
                f'The teacher has {counted(own, "keypoint")} and the student {number}: choose a teacher of the same '
                'keypoint set.'
            )
        if None not in (flip_indices, self.flip_indices) and list(flip_indices) != list(self.flip_indices):  # type: ignore[arg-type]
            raise ValueError(
                f'The {own} keypoints of the teacher are others than those of the training data (left and right are '
                f'paired as {list(self.flip_indices or ())}): choose a teacher of the same keypoint set.'
            )


def load_teacher(config: str | dict, checkpoint: str | None, *, dtype: str | None = None) -> Teacher:
    """Build the teacher of a config and load its weights.

    Args:
        config: file, ``package::path`` name, or the model's own config.
        checkpoint: file or address of its weights.
        dtype: as for :class:`Teacher`.

    Raises:
        ValueError: config or checkpoint are missing, or do not fit each other.
    """
    name = config if isinstance(config, str) else 'the config of the teacher'
    if checkpoint is None:
        raise ValueError(
            f'No checkpoint is named for the teacher {name}: set model.teacher_checkpoint, or run tools/distill.py '
            f'CONFIG --teacher CHECKPOINT.'
        )
    model = MODELS.build(read_model_config(config))
    meta = load_strictly(model, checkpoint, name)
    return Teacher(model, dtype=dtype, flip_indices=(meta.get('dataset_meta') or {}).get('flip_indices'))


def resize(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize (B, C, h, w) to (B, C, *size) with aligned centres of the corner pixels; the same if it fits."""
    if maps.shape[-2:] == torch.Size(size):
        return maps
    return F.interpolate(maps, tuple(size), mode='bilinear', align_corners=True)


def read_model_config(config: str | Mapping) -> dict[str, Any]:
    """Return the model's config of a file, a ``package::path`` name or a model's config, ready to build.

    Raises:
        ValueError: there is no such file, or it does not describe a pose model.
    """
    if isinstance(config, str):
        if '::' not in config and not Path(config).is_file():
            raise ValueError(
                f'There is no teacher config {config} (from {Path.cwd()}): give a path from there, or '
                f"'vitpose_mm::coco/NAME.py' for one that is installed."
            )
        try:
            whole = open_config(config)
        except FileNotFoundError as error:  # inside an installed package
            raise ValueError(f'There is no teacher config {config}: {error}.') from None
        config = whole.get('model') or {}
    if not {'backbone', 'head'} <= set(config):
        raise ValueError(
            f'The teacher config is of {config.get("type")!r}, which has no backbone and head: give the config of a '
            f'pose model (of a distilled one, its deploy config).'
        )
    return copy.deepcopy(dict(config))


def check_single(head: Any, whose: str) -> None:
    """Check that the head of a teacher or a student is a single one.

    Raises:
        ValueError: it has one for each of several datasets.
    """
    if hasattr(head, 'heads'):
        raise ValueError(
            f'The {whose} has a head for each of {", ".join(head.heads)}: distil one dataset; '
            f'tools/convert_checkpoint.py SRC DST --dataset NAME makes a model of one.'
        )
