"""Describe what a figure was measured on: device, versions, date, command."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
import shlex
import sys
from pathlib import Path

import torch

PACKAGES = ('torch', 'mmengine', 'mmcv', 'mmpose', 'mmpretrain', 'vitpose_mm')


def describe_machine(device: torch.device) -> dict[str, str]:
    """Return name and value of everything that a figure depends on and that can be asked."""
    facts = {
        'date': datetime.datetime.now(datetime.UTC).strftime('%Y-%m-%d %H:%M UTC'),
        'command': shlex.join(['python', *sys.argv]),
        'device': device_name(device),
        'threads': str(torch.get_num_threads()),
        'python': platform.python_version(),
    }
    if device.type == 'cuda':
        facts['cuda'] = f'{torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}'
    return facts | {name: version(name) for name in PACKAGES}


def device_name(device: torch.device) -> str:
    """Return the name of a device: 'NVIDIA H100 80GB HBM3, 79 GiB' or the processor's model."""
    if device.type == 'cuda':
        properties = torch.cuda.get_device_properties(device)
        return f'{properties.name}, {properties.total_memory / 2**30:.0f} GiB'
    return processor_name()


def processor_name() -> str:
    """Return the model of the processor, as Linux tells it."""
    cpuinfo = Path('/proc/cpuinfo')
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')]
    return f'{names[0]}, {len(names)} logical cores' if names else platform.processor() or platform.machine()


def version(package: str) -> str:
    """Return the installed version of a package, or 'none'."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return 'none'
