"""A warm-up of the learning rate that does not outlast a short training."""

from __future__ import annotations

import math
from typing import Any

from mmengine.logging import MessageHub
from mmengine.optim import LinearLR

from ..registry import PARAM_SCHEDULERS

LARGEST_SHARE = 0.1  # of a training's iterations


@PARAM_SCHEDULERS.register_module()
class WarmupLR(LinearLR):
    """MMEngine's LinearLR by iterations, which ends at ``end`` or after a tenth of the training, whichever comes first.

    500 iterations are a moment of 210 epochs of COCO and longer than a whole training on 100 people. MMEngine's
    message hub has the length of the training from the second iteration on; without a runner ``end`` is used.

    Args:
        optimizer: optimizer or its wrapper.
        by_epoch: has to be False.
        kwargs: arguments of mmengine's LinearLR: ``start_factor``, ``begin``, and ``end``, the iteration by which
            the full learning rate is reached at the latest.

    Raises:
        ValueError: by_epoch is True.
    """

    end: int

    def __init__(self, optimizer: Any, *args: Any, by_epoch: bool = True, **kwargs: Any) -> None:
        if by_epoch:
            raise ValueError('vitpose_mm.WarmupLR counts iterations: set by_epoch=False, and end to a number of them.')
        super().__init__(optimizer, *args, by_epoch=by_epoch, **kwargs)

    def _get_value(self) -> list[float]:
        max_iters = MessageHub.get_current_instance().runtime_info.get('max_iters')
        if self.last_step == 1 and max_iters is not None:
            longest = max(math.ceil(LARGEST_SHARE * max_iters), 2)  # at least until the second iteration
            self.end: int = min(self.end, self.begin + longest)
            self.total_iters = self.end - self.begin - 1
        return super()._get_value()
