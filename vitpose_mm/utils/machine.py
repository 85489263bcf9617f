"""What this process may use of the machine; imports nothing heavy, so that it can be asked first."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable


def count_cores() -> int:
    """Cores that this process may run on: fewer than the machine has under taskset, cpusets and Slurm."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def hide_gpus_without_ops(say: Callable[[str], None]) -> None:
    """Have this process and its children run on the CPU where mmcv was compiled for nothing else.

    MMEngine takes a GPU when it is imported, and a detector's suppression of boxes would fail there. So this comes
    first, and asks another process.
    """
    if shutil.which('nvidia-smi') is None:
        return
    code = 'from mmcv.ops import get_compiling_cuda_version; print(get_compiling_cuda_version())'
    answer = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True).stdout
    if answer.strip().endswith('not available'):
        os.environ['CUDA_VISIBLE_DEVICES'] = ''
        say('The GPU is left alone: mmcv has CPU ops only here, and a detector needs them where it runs.')
