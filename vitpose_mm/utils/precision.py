"""Which number formats a processor is fast in."""

from __future__ import annotations

import torch


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware (AMX or AVX512-BF16), as PyTorch reports it."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ('amx_bf16', 'avx512_bf16'))
