"""Run a benchmark as the arguments of tools/benchmark.py say, and write its page."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from ..engine.train import read_config
from .attention import ROWS, AttentionBench, benchmark_attention, choose_rows
from .backends import benchmark_backends
from .benchmark_models import build, choose, known_models
from .crossover import Crossover, benchmark_crossover, parse_size
from .distillation import DistillationBench, benchmark_distillation
from .evaluation import benchmark_evaluation
from .files import benchmark_files
from .inference import benchmark_crops, benchmark_decode, benchmark_inference
from .knowledge_token import benchmark_token
from .memory import estimate_training_memory
from .models import Bench, Task, benchmark_models
from .pareto import draw_rates
from .pipeline import benchmark_pipeline
from .precision import benchmark_precision
from .profile import profile_model
from .report import Report
from .router import benchmark_router
from .settings import Setting
from .timing import Clock, Protocol, Say, Stand
from .video import benchmark_video

GIB = 2**30
GPU_SETTINGS = ('fp32', 'bf16', 'bf16+channels_last', 'bf16+channels_last+compile')


def run(args: argparse.Namespace, configs: Path, say: Say) -> str:
    """Run what the arguments name; return Markdown, and write pages where ``args.out`` names a folder."""
    if args.subject == 'memory':
        return describe_memory(args)
    if args.subject == 'video':
        return _write(benchmark_video(args.frames, args.people, models=args.models, long=args.long, say=say), args, say)
    if args.subject == 'precision':
        report = benchmark_precision(args.config, args.checkpoint, rows=args.rows, batch=args.batch, say=say)
        return _write(report, args, say)
    if args.subject == 'token':
        cfg = read_config(args.config, args.cfg_options)
        found = benchmark_token(cfg, args.checkpoint, counts=args.tokens, steps=args.steps, amp=args.amp, say=say)
        return _write(found, args, say)
    if args.subject == 'pareto':
        return _write(draw_rates(args.pages), args, say)
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.subject == 'serve':
        return _write(_run_serve(args, configs, say), args, say)
    device = find_device(args.device)
    torch.backends.cudnn.benchmark = True
    report = SUBJECTS[args.subject](args, configs, _stand(args, device, say))
    return _write(report, args, say)


def _write(report: Report, args: argparse.Namespace, say: Say) -> str:
    """Return the Markdown of a report; pages are written too where ``args.out`` names a folder."""
    if args.out:
        for path in report.write(args.out, f'benchmark_{args.subject}'):
            say(f'wrote {path}')
    return report.to_markdown()


def find_device(name: str | None) -> torch.device:
    """Return the device of a name, or without one a GPU if there is one.

    Raises:
        ValueError: a GPU is asked for and there is none.
    """
    device = torch.device(name or ('cuda' if torch.cuda.is_available() else 'cpu'))
    if device.type == 'cuda' and not torch.cuda.is_available():
        raise ValueError(f'--device {name}: torch sees no GPU here; leave it out or use --device cpu.')
    return device


def describe_memory(args: argparse.Namespace) -> str:
    """Return the computed memory of a training step as text, a line for each holder."""
    model, size = build(Path(args.config))
    if args.with_cp:
        model.estimator.backbone.with_cp = True
    memory = estimate_training_memory(model, args.batch, size, amp=None if args.fp32 else torch.bfloat16)
    parts = {name: getattr(memory, name) for name in ('parameters', 'gradients', 'optimizer', 'activations', 'peak')}
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    lines = [f'{millions:.1f} M parameters, {args.batch} crops of {size[0]}x{size[1]} (w x h)']
    return '\n'.join(lines + [f'{name:12} {used / GIB:7.2f} GiB' for name, used in parts.items()])


def _stand(args: argparse.Namespace, device: torch.device, say: Say) -> Stand:
    gpu = device.type == 'cuda'
    warmup = (100 if gpu else 1) if args.warmup is None else args.warmup
    for name in ('batch', 'iterations'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise ValueError(f'--{name} {getattr(args, name)} measures nothing: give 1 or more.')
    protocol = Protocol(warmup, args.iterations or (100 if gpu else 5), args.rounds)
    clock = Clock.of(device, torch.get_num_threads())
    return Stand(device, clock, protocol, args.batch or (64 if gpu else 2), say)


def _setting(name: str | None, stand: Stand) -> Setting:
    return Setting.parse(name or ('bf16' if stand.device.type == 'cuda' else 'fp32'))


def _run_attention(args: argparse.Namespace, configs: Path, stand: Stand) -> Report:
    training, forward = _setting(args.training, stand), _setting(args.forward, stand)
    bench = AttentionBench(stand, training, forward, args.memory_batch)
    return benchmark_attention(bench, choose_rows(args.rows or list(ROWS)), configs)


def _run_crossover(args: argparse.Namespace, configs: Path, stand: Stand) -> Report:
    bench = Crossover(stand, _setting(args.training, stand), args.layers, args.memory_batch)
    return benchmark_crossover(bench, choose_rows(args.rows), [parse_size(size) for size in args.sizes], configs)


def _run_distillation(args: argparse.Namespace, configs: Path, stand: Stand) -> Report:
    bench = DistillationBench(stand, _setting(args.training, stand).amp, args.memory_batch)
    return benchmark_distillation(bench, Path(args.config))


def _run_models(args: argparse.Namespace, configs: Path, stand: Stand) -> Report:
    gpu = stand.device.type == 'cuda'
    settings = args.settings or (GPU_SETTINGS if gpu else ('fp32',))
    for setting in settings:
        Setting.parse(setting)  # say now what is wrong with one, not after the first model
    tasks = {
        'speed': Task('Speed', stand.batch),
        'latency': Task('Latency', 1, wait=True),
        'training': Task('Training step', stand.batch, training=True),
    }
    bench = Bench(stand, settings, args.matmul_side or (8192 if gpu else 1024))
    return benchmark_models(bench, [tasks[name] for name in args.tasks], choose(args.models, configs))


def _run_router(args: argparse.Namespace, configs: Path, stand: Stand) -> Report:
    bases = configs / '_base_' / 'models'
    known = sorted(path.stem.removesuffix('_routed') for path in bases.glob('*_routed.py'))
    unknown = [name for name in args.models if name not in known]
    if unknown:
        raise ValueError(f'--models {unknown[0]}: there is no such base: choose from {", ".join(known)}.')
    return benchmark_router(stand, [bases / f'{name}.py' for name in args.models])


def _run_files(args: argparse.Namespace, configs: Path, stand: Stand) -> Report:
    return benchmark_files(stand, Path(args.config))


def _run_profile(args: argparse.Namespace, configs: Path, stand: Stand) -> Report:
    return profile_model(
        Path(args.config),
        stand.device,
        _setting(args.setting, stand),
        batch=stand.batch,
        training=args.train,
        warmup=stand.protocol.warmup,
        calls=stand.protocol.chunk,
    )


def _run_backends(args: argparse.Namespace, configs: Path, stand: Stand) -> Report:
    known = known_models(configs)
    ours, theirs = (known[f'{who}-{args.size}-classic'].config for who in ('ours', 'mmpose'))
    return benchmark_backends(stand, ours, theirs, args.rows)


def _run_inference(args: argparse.Namespace, configs: Path, stand: Stand) -> Report:
    known = known_models(configs)
    ours, theirs = (known[f'{who}-{args.size}-classic'].config for who in ('ours', 'mmpose'))
    return benchmark_inference(stand, ours, theirs, detector=args.detector, precision=args.precision)


def _run_serve(args: argparse.Namespace, configs: Path, say: Say) -> Report:
    from .serve import benchmark_serve  # needs the [web] extra

    config = known_models(configs)[f'ours-{args.size}-classic'].config
    return benchmark_serve(
        config, detector=args.detector, people=args.people, images=args.images, rounds=args.rounds, say=say
    )


SUBJECTS = {
    'decode': lambda args, configs, stand: benchmark_decode(stand),
    'crops': lambda args, configs, stand: benchmark_crops(stand),
    'inference': _run_inference,
    'evaluation': lambda args, configs, stand: benchmark_evaluation(stand),
    'pipeline': lambda args, configs, stand: benchmark_pipeline(stand, Path(args.config)),
    'backends': _run_backends,
    'attention': _run_attention,
    'crossover': _run_crossover,
    'model': _run_models,
    'distillation': _run_distillation,
    'router': _run_router,
    'profile': _run_profile,
    'files': _run_files,
}
