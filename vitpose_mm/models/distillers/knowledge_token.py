"""Stage 2 of the knowledge token, and output distillation: a student is trained, its teacher is frozen."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor, nn

from vitpose_mm.registry import MODELS

from ..preprocessor_check import find_preprocessor_difference
from .label_loss import label_loss
from .teacher import check_single, load_teacher
from .token_file import load_token

TOKENS = ('none', 'tuned', 'random', 'trainable')


@MODELS.register_module()
class KnowledgeTokenDistiller(BaseModel):
    """Student and teacher in training; everywhere else it is the student.

    loss = MSE(S({t; X}), K_gt) + output_weight * MSE(S({t; X}), T(X)). The first is the head's own loss, with the
    weights of the labels. The second is over all keypoints: the teacher's heatmaps are of use without a label too,
    and the paper's equation has no weights. T(X) is the teacher as it was trained: the paper defines K_t with output
    distillation alone, where no token exists, and keeps the symbol for both.

    Args:
        student: config of a PoseEstimator.
        teacher: file, ``package::path`` name, or the model's own config; read where ``output_weight`` is not 0.
        teacher_checkpoint: file of its weights.
        teacher_dtype: number type of its autocast ('bfloat16', 'float16'); None: float32.
        token: 'tuned' is the paper's, frozen; 'none'; the controls 'random' (frozen, normal, as large as the
            tuned one) and 'trainable' (starts as 'random' and is trained).
        token_file: file of a (1, T, C) token at the student's width.
        num_tokens: T.
        output_weight: weight of the loss to the teacher's heatmaps; 0 for none (and no teacher in memory). The
            weight of the loss to the labels is the head's, ``loss=dict(type='KeypointMSELoss', loss_weight=...)``.

    Raises:
        ValueError: an unknown word; a token or a teacher that is missing or does not fit.

    Source: ViTPose sec. 3.4.
    """

    def __init__(
        self,
        student: dict,
        *,
        teacher: str | dict | None = None,
        teacher_checkpoint: str | None = None,
        teacher_dtype: str | None = None,
        token: str = 'tuned',
        token_file: str | None = None,
        num_tokens: int = 1,
        output_weight: float = 1.0,
    ) -> None:
        built = MODELS.build(student_config(student, token=token, num_tokens=num_tokens))
        super().__init__(built.data_preprocessor)
        check_single(built.head, 'student')
        self.student = built
        self.kind = token
        self.output_weight = output_weight
        self._given: Tensor | None = None
        if token != 'none':
            self._given = load_token(token_file)
            check_token(built.backbone, self._given)
            if token == 'trainable':
                make_trainable(built.backbone)
            self._place_token()
        self.teacher = None
        if output_weight:
            if teacher is None:
                raise ValueError(f'output_weight={output_weight} needs a teacher: name its config, or set it to 0.')
            self.teacher = load_teacher(teacher, teacher_checkpoint, dtype=teacher_dtype)
            self.teacher.check_keypoints(built.head.out_channels)
            check_preprocessors(built.data_preprocessor, self.teacher.model.data_preprocessor)

    # ------------------------------------------------------------------ the token

    def init_weights(self) -> None:
        """Initialise the student, then give it its token."""
        super().init_weights()
        self._place_token()

    def _place_token(self) -> None:
        if self._given is None:
            return
        token = self._given
        if self.kind != 'tuned':
            token = torch.randn_like(token) * token.square().mean().sqrt()
        self.student.backbone.tokens.data.copy_(token)

    # ------------------------------------------------------------------ the model

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> KnowledgeTokenDistiller:
        if self.teacher is not None:
            self.teacher.apply(fn)
        return super()._apply(fn, recurse)

    def forward(self, inputs: Tensor, data_samples: list | None = None, mode: str = 'tensor') -> Any:
        """Return the losses of (B, 3, h, w) crops and their samples, or what the student predicts."""
        if mode == 'loss':
            assert data_samples is not None
            return self.loss(inputs, data_samples)
        return self.student(inputs, data_samples, mode)

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return ``loss_kpt`` of (B, 3, h, w) crops and their samples, ``loss_distill`` of a teacher, ``loss_oks``."""
        head = self.student.head
        heatmaps = head(self.student.extract_feat(inputs, data_samples))
        losses = {'loss_kpt': label_loss(head, heatmaps, data_samples)}
        if self.teacher is not None:
            self.teacher.check_keypoints(head.out_channels, data_samples[0].metainfo.get('flip_indices'))
            with torch.no_grad():
                aims = self.teacher.heatmaps(inputs, (heatmaps.shape[-2], heatmaps.shape[-1]))
            losses['loss_distill'] = self.output_weight * F.mse_loss(heatmaps.float(), aims)
        if getattr(head, 'oks_scorer', None) is not None:
            losses['loss_oks'] = head.oks_loss(heatmaps.detach(), data_samples)
        return losses


def student_config(student: Mapping[str, Any], *, token: str, num_tokens: int) -> dict[str, Any]:
    """Return the student's config as it is built and deployed: with space for its tokens."""
    config = copy.deepcopy(dict(student))
    if check_choice('token', token, TOKENS) == 'none':
        return config
    if config['backbone']['type'] not in ('vitpose_mm.ViT', 'ViT'):
        raise ValueError(
            f'The backbone {config["backbone"]["type"]!r} takes no tokens: use vitpose_mm.ViT, or model.token=none.'
        )
    config['backbone']['num_tokens'] = num_tokens
    return config


def check_token(backbone: Any, token: Tensor) -> None:
    """Raise a ValueError where a ViT's ``tokens`` have another shape than the token that they are to be."""
    if token.shape != backbone.tokens.shape:
        raise ValueError(
            f'The token file holds {token.shape[1]} tokens {token.shape[2]} wide and the student takes '
            f'{backbone.tokens.shape[1]} of {backbone.tokens.shape[2]}: use the token.pth that tools/distill.py writes '
            f'for this student, or set model.num_tokens.'
        )


def make_trainable(backbone: Any) -> None:
    """Turn a ViT's ``tokens`` from a buffer into a parameter of the same name."""
    tokens = backbone.tokens.clone()
    del backbone.tokens
    backbone.tokens = nn.Parameter(tokens)


def student_weights(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of the student alone from the state dict of a distiller."""
    return {name.removeprefix('student.'): value for name, value in state.items() if name.startswith('student.')}


def check_preprocessors(student: nn.Module, teacher: nn.Module) -> None:
    """Check that student and teacher normalise colours alike."""
    if name := find_preprocessor_difference(student, teacher):
        raise ValueError(
            f"The data_preprocessor of the teacher has another {name} than the student's: give the "
            f"student the teacher's, both see the same crops."
        )


def check_choice(setting: str, word: str, words: tuple[str, ...]) -> str:
    """Return a word of the model's config after checking that it is one of those known."""
    if word not in words:
        raise ValueError(f'model.{setting}={word!r} is not known: choose one of {", ".join(words)}.')
    return word
