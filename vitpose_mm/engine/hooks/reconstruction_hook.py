"""Pictures of what a masked autoencoder sees and what it makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import Tensor, nn

from ...datasets.seeding import SeededIndex, isolated_rng
from ...registry import HOOKS

GAP = 4  # white pixels between pictures


@HOOKS.register_module()
class ReconstructionHook(Hook):
    """Draws what mmpretrain's MAE reconstructs after an epoch, ``reconstructions/epoch_N.png`` in the work folder.

    A row an image: the input, its visible patches (the hidden ones in the mean colour), the reconstruction with
    the visible patches pasted in. Images, augmentation and mask are the same each time, so that the pictures of two
    epochs can be compared. The random state of the training is left alone.

    Args:
        interval: Epochs between two pictures; the last epoch has one too.
        num_images: Rows; the images are spread evenly over the dataset.
        seed: Of augmentation and mask.

    Raises:
        ValueError: If the model is not a masked autoencoder with a pixel decoder.
    """

    def __init__(self, *, interval: int = 10, num_images: int = 8, seed: int = 0) -> None:
        self.interval, self.num_images, self.seed = interval, num_images, seed

    def before_train(self, runner: Any) -> None:
        """Look at the model before hours are spent on it."""
        head = getattr(_bare(runner.model), 'head', None)
        if not hasattr(head, 'unpatchify'):
            raise ValueError(
                f'vitpose_mm.ReconstructionHook cannot draw what {type(_bare(runner.model)).__name__} predicts: use '
                f"mmpretrain's MAE, or remove the hook from custom_hooks"
            )

    def after_train_epoch(self, runner: Any) -> None:
        """Draw every ``interval`` epochs and after the last."""
        if self.every_n_epochs(runner, self.interval) or self.is_last_train_epoch(runner):
            self._draw(runner)

    @master_only
    def _draw(self, runner: Any) -> None:
        model = _bare(runner.model)
        loader = runner.train_dataloader
        indices = np.linspace(0, len(loader.dataset) - 1, self.num_images).astype(int)
        batch = loader.collate_fn([loader.dataset[SeededIndex(i, seed=self.seed)] for i in indices])
        inputs = model.data_preprocessor(batch)['inputs']  # (B, 3, h, h), normalised
        devices = [inputs.device] if inputs.is_cuda else []
        with isolated_rng(self.seed), torch.random.fork_rng(devices):
            torch.manual_seed(self.seed)
            columns = [inputs, *reconstruct(model, inputs)]
        path = Path(runner.work_dir, 'reconstructions', f'epoch_{runner.epoch + 1}.png')
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), make_sheet([to_images(column, model.data_preprocessor) for column in columns]))


@torch.no_grad()
def reconstruct(model: Any, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return normalised (B, 3, h, h) images with hidden patches at 0, and with hidden patches as predicted.

    A model that predicts patches of mean 0 and variance 1 (``norm_pix``) gets mean and variance from the image.
    """
    latent, mask, ids_restore = model.backbone(inputs)  # (B, 1 + visible, C), (B, L), (B, L)
    predicted = model.neck(latent, ids_restore)  # (B, L, p * p * 3)
    patches = model.head.patchify(inputs)
    if model.head.norm_pix:
        spread = (patches.var(-1, keepdim=True) + 1e-6).sqrt()
        predicted = predicted * spread + patches.mean(-1, keepdim=True)
    hidden = mask.bool()[..., None]
    seen = patches.masked_fill(hidden, 0)
    return model.head.unpatchify(seen), model.head.unpatchify(torch.where(hidden, predicted, patches))


def to_images(batch: Tensor, preprocessor: Any) -> np.ndarray:
    """Convert a normalised (B, 3, h, w) tensor to (B, h, w, 3) BGR bytes, as cv2 writes them."""
    batch = (batch * preprocessor.std + preprocessor.mean).round().clamp(0, 255)
    if preprocessor._channel_conversion:
        batch = batch.flip(1)
    return batch.byte().permute(0, 2, 3, 1).cpu().numpy()


def make_sheet(columns: list[np.ndarray]) -> np.ndarray:
    """Join (B, h, w, 3) images, given by column, to one picture, white between them."""
    tiles = np.stack(columns, axis=1)  # (B, columns, h, w, 3)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=255)
    num_rows, num_columns, height, width, _ = tiles.shape
    return tiles.transpose(0, 2, 1, 3, 4).reshape(num_rows * height, num_columns * width, 3)[:-GAP, :-GAP]


def _bare(model: nn.Module) -> Any:
    return model.module if is_model_wrapper(model) else model
