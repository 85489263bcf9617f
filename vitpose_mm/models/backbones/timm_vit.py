"""Plain vision transformers of timm behind our heads: DINOv2, DINOv3, EVA-02, SigLIP 2, MAE and those to come."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import torch
from mmpose.models.backbones.base_backbone import BaseBackbone
from torch import Tensor

from vitpose_mm.registry import MODELS

from .arch import Arch, frozen_names

ADDRESS = 'https://huggingface.co/{}/resolve/main/model.safetensors'


@MODELS.register_module()
class TimmViT(BaseBackbone):
    """Maps (B, 3, h, w) crops to a tuple with one (B, C, h/p, w/p) feature map, normalised; p is the patch size.

    Class and register tokens, rotary positions, LayerScale and SwiGLU are as timm has them; pooling and classifier
    are left out.

    Args:
        model: timm's name of a plain ViT ('vit_base_patch16_dinov3.lvd1689m'), of its VisionTransformer or Eva class.
        input_size: (w, h) pixels of the crops, multiples of the patch size.
        pretrained: path or URL of weights (.safetensors or .pth); True: those that timm names for the model,
            downloaded once as safetensors. Our loader reads them and never runs code in a file; timm's own rules
            convert the names of known releases and resize patch and position embeddings. Same as ``init_cfg`` of
            type Pretrained.
        drop_path_rate: of the last block; the first has 0 and it grows linearly.
        frozen_blocks: number of first blocks that are not trained; patch and position embeddings are frozen with them.
        frozen_parts: 'attention', 'ffn' or a list of both, as of :class:`ViT`.
        with_cp: recompute blocks in the backward pass to save memory.
        model_args: further arguments of timm's model, such as depth=6; dict(class_token=False, global_pool='') leaves
            the class token out, as ViTPose does with MAE's.
        init_cfg: of mmengine.

    Raises:
        ValueError: timm is not installed, or has no plain ViT of that name, or a size that does not divide.

    Example:
        >>> vit = TimmViT('vit_small_patch14_reg4_dinov2', input_size=(196, 252))
        >>> vit(torch.zeros(1, 3, 252, 196))[0].shape
        torch.Size([1, 384, 18, 14])
    """

    def __init__(
        self,
        model: str,
        input_size: tuple[int, int] = (192, 256),
        *,
        pretrained: str | bool = False,
        drop_path_rate: float = 0.0,
        frozen_blocks: int = 0,
        frozen_parts: str | Sequence[str] = (),
        with_cp: bool = False,
        model_args: Mapping[str, Any] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        self.input_size = (input_size[0], input_size[1])
        vit = make_vit(model, self.input_size, {'drop_path_rate': drop_path_rate, **(model_args or {})})
        super().__init__(find_weights(vit, pretrained, init_cfg))
        self.vit = vit
        self.patch_size: int = vit.patch_embed.patch_size[0]
        self.grid = self._grid(self.input_size)
        self.register_buffer('pos_grid', torch.tensor(self.grid))
        first = vit.blocks[0]
        self.arch = Arch(vit.embed_dim, len(vit.blocks), getattr(first, 'attn', first).num_heads)
        vit.set_grad_checkpointing(with_cp)
        self._frozen = frozen_names(len(vit.blocks), frozen_blocks, frozen_parts)
        self._freeze()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map (B, 3, h, w) crops to ((B, C, H, W),)."""
        grid = self._grid((x.shape[-1], x.shape[-2]))
        (x,) = self.vit.forward_intermediates(x, indices=1, output_fmt='NLC', intermediates_only=True)
        x = self.vit.fc_norm(self.vit.norm(x))  # one of the two is the identity
        return (x.transpose(1, 2).unflatten(2, grid),)

    def _grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the (H, W) tokens of (w, h) pixels."""
        patch = self.patch_size
        if size[0] % patch or size[1] % patch:
            near = tuple(max(1, round(side / patch)) * patch for side in size)
            raise ValueError(
                f'Crops of {size} (w, h) pixels are not a multiple of the patch size {patch}: use {near}, in the '
                f'codec too.'
            )
        return size[1] // patch, size[0] // patch

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        """Take timm's names, and those of the releases that timm knows; resize positions of another grid."""
        own = f'{prefix}vit.'
        theirs = {name[len(prefix) :]: value for name, value in state_dict.items() if name.startswith(prefix)}
        if theirs and not any(name.startswith('vit.') for name in theirs):
            for name in theirs:
                del state_dict[prefix + name]
            state_dict |= {own + name: value for name, value in fit_weights(self.vit, theirs).items()}
        elif f'{own}pos_embed' in state_dict and f'{prefix}pos_grid' in state_dict:
            old = tuple(state_dict[f'{prefix}pos_grid'].tolist())
            state_dict[f'{own}pos_embed'] = resize_position(self.vit, state_dict[f'{own}pos_embed'], old, self.grid)
        state_dict[f'{prefix}pos_grid'] = torch.tensor(self.grid)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def get_layer_depth(self, name: str, prefix: str = '') -> tuple[int, int]:
        """Return (depth, number of depths) of a parameter, as :meth:`ViT.get_layer_depth` does."""
        num_depths = self.arch.num_layers + 2
        parts = name.removeprefix(prefix).split('.')
        if not name.startswith(prefix) or parts[0] != 'vit' or parts[1] in ('norm', 'fc_norm'):
            return num_depths - 1, num_depths
        return (int(parts[2]) + 1 if parts[1] == 'blocks' else 0), num_depths

    def _freeze(self) -> None:
        for name in self._frozen:
            if name != 'pos_embed':
                self.vit.get_submodule(name).requires_grad_(False).eval()
            elif self.vit.pos_embed is not None:
                self.vit.pos_embed.requires_grad_(False)

    def train(self, mode: bool = True) -> TimmViT:
        """Set the mode of all but the frozen parts, which stay in eval mode."""
        super().train(mode)
        self._freeze()
        return self


def import_timm() -> ModuleType:
    """Import timm, or raise one sentence on how to install it.

    Raises:
        ValueError: it is not installed.
    """
    try:
        import timm  # an extra: nothing else of the package needs it
    except ImportError:
        raise ValueError("vitpose_mm.TimmViT needs the package timm: run `pip install 'vitpose_mm[timm]'`.") from None
    return timm


def make_vit(name: str, input_size: tuple[int, int], arguments: Mapping[str, Any]) -> Any:
    """Build timm's model of a name for (w, h) pixels with random weights, without pooling and classifier.

    Raises:
        ValueError: there is none of that name, it is not a plain ViT, or an argument is not one of it.
    """
    timm = import_timm()
    if not timm.is_model(name.split('.')[0]):
        near = difflib.get_close_matches(name, [*timm.list_models(), *timm.list_pretrained()], n=3)
        raise ValueError(f'timm {timm.__version__} has no model {name!r}: choose another, such as {", ".join(near)}.')
    size = (input_size[1], input_size[0])
    try:
        model = timm.create_model(name, num_classes=0, img_size=size, dynamic_img_size=True, **arguments)
    except (TypeError, RuntimeError, ValueError, AssertionError) as error:
        raise ValueError(
            f'timm does not make {name!r} of {size} (h, w) pixels with {dict(arguments)}: {error}'
        ) from None
    if not isinstance(model, (timm.models.VisionTransformer, timm.models.Eva)):
        raise ValueError(f'{name!r} is a {type(model).__name__}: take a plain ViT, as docs/backbones.md lists them.')
    model.reset_classifier(0, '')
    return model


def find_weights(vit: Any, pretrained: str | bool, init_cfg: dict | list[dict] | None) -> dict | list[dict] | None:
    """Return mmengine's ``init_cfg`` for a model of timm's and what was asked for.

    Raises:
        ValueError: timm names no weights for the model, or ``init_cfg`` is given too.
    """
    if not pretrained:
        return init_cfg
    if init_cfg is not None:
        raise ValueError('pretrained and init_cfg are both set: leave one of them out.')
    if pretrained is True:
        repository = (vit.pretrained_cfg or {}).get('hf_hub_id')
        if not repository:
            raise ValueError('timm names no weights for this model: give their file as pretrained.')
        pretrained = ADDRESS.format(repository)
    return {'type': 'Pretrained', 'checkpoint': pretrained}


def fit_weights(vit: Any, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Fit weights of timm's names, or of a release that it knows, to the model's patches and positions."""
    weights = {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
    for name in ('weight', 'bias'):
        if f'patch_embed.{name}' in weights:  # as our converter takes it too
            weights[f'patch_embed.proj.{name}'] = weights.pop(f'patch_embed.{name}')
    if vit.cls_token is None and 'cls_token' in weights and 'pos_embed' in weights:
        del weights['cls_token']
        weights['pos_embed'] = weights['pos_embed'][:, 1:]
    fit = sys.modules[type(vit).__module__].checkpoint_filter_fn  # the one that timm's own loading calls
    fitted: dict[str, Tensor] = fit(weights, vit)
    return fitted


def resize_position(vit: Any, table: Tensor, old: tuple[int, ...], new: tuple[int, int]) -> Tensor:
    """Resize (1, T + N, C) positions of the old (H, W) grid to the new one, as timm does."""
    from timm.layers import resample_abs_pos_embed

    prefix = 0 if vit.no_embed_class else vit.num_prefix_tokens
    resized: Tensor = resample_abs_pos_embed(table, list(new), list(old), num_prefix_tokens=prefix)
    return resized
