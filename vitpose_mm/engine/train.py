"""Read the config of tools/train.py, add the flags of the command line to it, build its runner and train."""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import torch
from mmengine.config import Config
from mmengine.dist import is_distributed
from mmengine.registry import RUNNERS
from mmengine.runner import FlexibleRunner, Runner

from ..checks.preflight import check_config
from ..checks.pretrained import pretrained_warnings
from ..utils.configs import QuickTextConfig, open_config
from ..utils.files import explain_writing, refuse_links
from ..utils.precision import cpu_has_bfloat16
from .hooks import PlainCheckpointHook, ResumeCheckHook
from .hooks.stop_signal_hook import find_stop
from .stopped_workers import end_stopped_workers

PACKAGE = Path(__file__).resolve().parents[1]
# parts of the messages of torch's backends; gloo's do not all name it
BACKEND_ERRORS = ('gloo', 'NCCL', 'caused pair closure', 'closed by peer', 'reset by peer', 'Timed out waiting')
WAIT = 600.0  # seconds for a batch
AMP_READY = ('OptimWrapper', 'vitpose_mm.FiniteOptimWrapper', 'AmpOptimWrapper', 'vitpose_mm.FiniteAmpOptimWrapper')


@contextmanager
def exit_on_user_error(*, ours_only: bool = False) -> Iterator[None]:
    """End the process with the sentence of a ValueError; a user's mistake needs no traceback.

    Args:
        ours_only: let errors pass that were raised outside this package: in a training they may be bugs.
    """
    try:
        yield
    except ValueError as error:
        last = traceback.extract_tb(error.__traceback__)[-1]  # for an error that a built-in function raised: its caller
        ours = PACKAGE in Path(last.filename).resolve().parents and (last.line or '').startswith('raise ')
        if ours_only and not ours:
            raise
        raise SystemExit(f'error: {error}') from None


def read_config(path: str, options: dict[str, Any]) -> Config:
    """Read a config, from a path or a ``package::path``, with --cfg-options in it; end where there is none."""
    try:
        cfg = open_config(path)
    except FileNotFoundError as error:
        raise SystemExit(f'error: {path} cannot be read: {error}. Look at its _base_.') from None
    if options:
        cfg.merge_from_dict(options)
    return cfg


def load_config(args: argparse.Namespace) -> Config:
    """Read the config of the arguments, with --cfg-options, --launcher and --work-dir in it."""
    cfg = read_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg


def build_runner(cfg: Config) -> Runner | FlexibleRunner:
    """Build the Runner of a config, or what ``runner_type`` names: FSDP and DeepSpeed are reached only that way.

    Whatever hooks the config has, a resume is checked and checkpoints are written so that ``torch.load`` opens them.
    """
    if cfg.get('work_dir'):
        refuse_links(Path(cfg.work_dir))
    quick = QuickTextConfig.of(cfg)
    runner = RUNNERS.build(quick) if 'runner_type' in cfg else Runner.from_cfg(quick)
    for kind in (ResumeCheckHook, PlainCheckpointHook):
        if not any(isinstance(hook, kind) for hook in runner.hooks):
            runner.register_hook(kind())
    return runner


def draw_pictures(cfg: Config, args: argparse.Namespace) -> None:
    """Switch mmpose's visualization hook on for --show and --show-dir."""
    if not (args.show or args.show_dir):
        return
    hooks = cfg.get('default_hooks', {})
    if 'visualization' not in hooks:
        raise ValueError(
            '--show and --show-dir need the hook default_hooks.visualization, which this config does not have: '
            "add visualization=dict(type='PoseVisualizationHook', enable=False)."
        )
    out_dir = args.show_dir and str(Path(args.show_dir).resolve())  # else MMPose puts it below the work folder
    settings = dict(enable=True, show=args.show, out_dir=out_dir, interval=args.interval)
    if args.show:
        settings['wait_time'] = args.wait_time
    hooks['visualization'].update(settings)


def use_amp(cfg: Config) -> None:
    """Train in mixed precision: bfloat16 where GPU and head can and on a CPU, else float16."""
    head = cfg.model.get('student', cfg.model).get('head') or {}
    ours = str(head.get('type', '')).startswith('vitpose_mm.')  # MMPose's heads hand their heatmaps to numpy
    on_gpu = torch.cuda.is_available()
    if not on_gpu and not cpu_has_bfloat16():
        raise ValueError('--amp needs a GPU, or a CPU with AMX or AVX512-BF16, and torch sees neither: leave it out.')
    if not on_gpu and not ours:
        raise ValueError(f'--amp on a CPU needs a head of this package and the config has {head.get("type")!r}.')
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in AMP_READY:
        raise ValueError(f'--amp works with optim_wrapper types {AMP_READY} and the config has {kind!r}: use one.')
    cfg.optim_wrapper.type = 'vitpose_mm.FiniteAmpOptimWrapper'
    bfloat16 = not on_gpu or (ours and torch.cuda.is_bf16_supported(including_emulation=False))
    cfg.optim_wrapper.setdefault('dtype', 'bfloat16' if bfloat16 else 'float16')
    cfg.optim_wrapper.setdefault('loss_scale', 1.0 if cfg.optim_wrapper.dtype == 'bfloat16' else 'dynamic')


def scale_lr(cfg: Config) -> None:
    """Scale the learning rate by actual over base batch size."""
    if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise ValueError(
            '--auto-scale-lr needs the batch size that the learning rate is for and the config names none: '
            'add auto_scale_lr=dict(base_batch_size=512).'
        )
    cfg.auto_scale_lr.enable = True


def add_train_flags(cfg: Config, args: argparse.Namespace) -> None:
    """Write the flags of tools/train.py into the config."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        use_amp(cfg)
    if args.resume is not None:
        cfg.resume = True
        if args.resume != 'auto':
            cfg.load_from = args.resume
    if args.auto_scale_lr:
        scale_lr(cfg)
    draw_pictures(cfg, args)


def run_training(runner: Runner | FlexibleRunner) -> None:
    """Train, and turn the end of a loader's worker or of another process of the training into a sentence.

    Raises:
        ValueError: a worker or another process was killed or does not answer; the work folder cannot be written to.
        SystemExit: a signal has stopped the training; its checkpoint is saved (:class:`StopSignalHook`).
    """
    loader = runner.cfg.get('train_dataloader') or {}
    try:
        with explain_writing(runner.work_dir), end_stopped_workers(seconds=loader.get('timeout') or WAIT):
            runner.train()
    except (RuntimeError, EOFError, ConnectionError) as error:
        try:
            explain_end(runner, error)
        except RuntimeError as later:
            # torch reports a killed worker from a signal handler: maybe while its lost connection is being explained
            if not is_of_loader(later):
                raise
            explain_end(runner, later)
        raise


def explain_end(runner: Runner | FlexibleRunner, error: Exception) -> None:
    """Say in a sentence that a worker or another process was lost; return where it was something else.

    Raises:
        ValueError: one was lost.
        SystemExit: a signal has stopped the training.
    """
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    if is_of_loader(error):
        end_without_data(runner, reason if isinstance(error, RuntimeError) else 'A connection broke off.')
    if is_distributed() and is_of_backend(error):
        raise ValueError(
            f'Another process of this training has ended or does not answer ({reason}): look at what it says last, '
            f'then run the same command with --resume.'
        ) from None


def end_without_data(runner: Runner | FlexibleRunner, reason: str) -> NoReturn:
    """End a training whose loader fails between two iterations."""
    stop = find_stop(runner)
    if stop is not None:  # the signal ended the workers too, before the iteration had its data
        stop.stop(runner, iterations=runner.iter)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch's handler would raise the error again
    for worker in multiprocessing.active_children():
        worker.kill()  # one that was stopped would hold up the end of this process
    raise ValueError(
        f'{reason} A process that loads data was killed (is the memory full?), was stopped or hangs: lower '
        f'train_dataloader.num_workers or look at the storage, then run the same command with --resume.'
    ) from None


def is_of_loader(error: Exception) -> bool:
    """Whether an error says that a dataloader worker has ended: one of torch, or of the connection to it."""
    if isinstance(error, RuntimeError):
        return any(name in str(error) for name in ('DataLoader', 'Pin memory thread'))
    frames = traceback.extract_tb(error.__traceback__)
    return any(frame.filename.endswith('multiprocessing/connection.py') for frame in frames)


def is_of_backend(error: Exception) -> bool:
    """Whether an error comes from gloo or NCCL, which connect the processes of a training."""
    return isinstance(error, torch.distributed.DistError) or any(name in str(error) for name in BACKEND_ERRORS)


def limit_waiting(cfg: Config) -> None:
    """Give every loader with workers a time limit for a batch, where the config names none."""
    for name in ('train', 'val', 'test'):
        loader = cfg.get(f'{name}_dataloader')
        if loader and loader.get('num_workers'):
            loader.setdefault('timeout', WAIT)


def train(args: argparse.Namespace) -> None:
    """Train the model that the arguments of tools/train.py describe."""
    cfg = load_config(args)
    with exit_on_user_error(), explain_writing(cfg.work_dir):
        add_train_flags(cfg, args)
        notes = check_config(cfg, resume=args.resume)
        limit_waiting(cfg)
        runner = build_runner(cfg)
        for note in notes:
            runner.logger.warning(note)
        if isinstance(runner, Runner):
            for line in pretrained_warnings(runner.model, None if cfg.get('resume') else cfg.get('load_from')):
                runner.logger.warning(line)
    with exit_on_user_error(ours_only=True):
        run_training(runner)
