"""Measure where the time of a model goes, operator by operator."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from .benchmark_models import build
from .machine_description import describe_machine
from .models import make_call
from .report import Report
from .settings import Setting


def profile_model(
    config: Path, device: torch.device, setting: Setting, *, batch: int, training: bool, warmup: int, calls: int
) -> Report:
    """Profile a model with random weights; return a report on its operators (kernels on a GPU), the slowest first.

    Args:
        config: path of the model's config.
        device: where the model runs.
        setting: number type, memory format and compiler.
        batch: number of random crops a call.
        training: whether a call is a training step, and not a forward pass.
        warmup: number of calls before.
        calls: number of profiled calls.
    """
    torch.manual_seed(0)
    model, (width, height) = build(config, device)
    call = make_call(model, torch.randn(batch, 3, height, width, device=device), setting, training=training)
    gpu = device.type == 'cuda'
    for _ in range(max(1, warmup)):
        call()
    with profile(activities=[ProfilerActivity.CUDA if gpu else ProfilerActivity.CPU]) as seen:
        for _ in range(calls):
            call()
        if gpu:
            torch.cuda.synchronize(device)
    times = {
        event.key: ((event.self_device_time_total if gpu else event.self_cpu_time_total) / calls, event.count / calls)
        for event in seen.key_averages()
    }
    whole = sum(time for time, _ in times.values())
    ordered = sorted(times.items(), key=lambda item: -item[1][0])
    report = Report(f'Operators of {config.stem}', describe_machine(device))
    report.notes = [
        f'{"A training step" if training else "A forward pass"} of {batch} crops; mean of {calls} after {warmup}; '
        f'{whole / 1000:.4g} ms of {"kernels" if gpu else "operators, each without those that it calls"}.'
    ]
    report.tables['Time'] = [
        {'operator': name[:90], 'ms': f'{time / 1000:.4g}', 'share': f'{time / whole:.1%}', 'calls': f'{count:.4g}'}
        for name, (time, count) in ordered[:30]
    ]
    report.raw = {'microseconds_and_calls': times}
    return report
