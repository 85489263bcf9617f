"""What is killed: tiny trainings, a distillation and a study, each with the hash of what it ends with."""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from tests.helpers.tiny_coco import write_coco
from tests.helpers.tiny_distillation import SAMPLER, distillation_cfg
from tests.helpers.tiny_flags import flags
from tests.helpers.tiny_models import model_cfg, write_teacher
from tests.helpers.tiny_run import run_cfg
from vitpose_mm.checkpoints import load_file
from vitpose_mm.distillation.command import distill
from vitpose_mm.engine.train import train
from vitpose_mm.studies import run as studies
from vitpose_mm.studies import train_and_test
from vitpose_mm.studies.call import Cost
from vitpose_mm.studies.study import Preparation, Run, Study

ROOT = Path(__file__).resolve().parents[2]
FILES = ('tuned_token.pth', 'token.pth', 'start.pth', 'deploy.pth')  # of a distillation


@dataclass(frozen=True)
class Job:
    """Something that continues where it was stopped.

    Attributes:
        name: for the user.
        run: does it or continues it, in a work folder.
        result: work folder -> a hash of what it has made.
        command: the same as a command of tools/; None: there is none.
        num_processes: in which it runs.
    """

    name: str
    run: Callable[[Path], object]
    result: Callable[[Path], str]
    command: Callable[[Path], list[str]] | None = None
    num_processes: int = 1


def make_jobs(folder: Path, names: str = '') -> list[Job]:
    """Make the jobs whose names begin with one of these, which have | between them, below a folder."""
    return [job for job in make_all_jobs(folder.resolve()) if job.name.startswith(tuple(names.split('|')))]


def make_all_jobs(folder: Path) -> list[Job]:
    """Make all jobs."""
    init_default_scope('mmpose')
    data = write_coco(folder / 'data', num_images=16)
    teacher = write_teacher(folder / 'teacher.pth', narrow(model_cfg(24)))
    cfgs = {f'train, {number} workers': training_cfg(data, num_workers=number) for number in (0, 1, 2)}
    cfgs['train, 2 processes'] = training_cfg(data, num_processes=2)
    distilled = with_runtime(distillation_cfg(data, folder / 'unused', teacher))
    for part in ('student', 'teacher'):
        narrow(distilled.model[part])
    cfgs['distill'] = distilled
    paths = {}
    for number, (name, cfg) in enumerate(cfgs.items()):
        paths[name] = folder / f'{number}.py'
        cfg.dump(paths[name])
    distill_cfg = paths.pop('distill')
    trainings = [training_job(name, path) for name, path in paths.items()]
    study = make_study(folder, next(iter(paths.values())))
    return [
        *trainings,
        Job(
            'distill',
            partial(run_distillation, distill_cfg),
            hash_distillation,
            partial(tool, 'distill.py', distill_cfg),
        ),
        Job('study', partial(run_study, study), hash_study),
    ]


def narrow(model: dict) -> dict:
    """Give a model a small head, in place: its checkpoints have 1 MB, not 15."""
    model['head']['num_channels'] = 32
    return model


def training_cfg(data: Path, *, num_workers: int = 0, num_processes: int = 1) -> Config:
    """Return a config of three epochs of four iterations with validations, a checkpoint an iteration."""
    cfg = run_cfg(data, data.parent / 'unused', num_workers=num_workers)
    for key in ('work_dir', 'experiment_name'):
        cfg.pop(key)
    distilled = distillation_cfg(data, data.parent / 'unused', '')
    for key in ('val_dataloader', 'val_evaluator', 'val_cfg', 'test_dataloader', 'test_evaluator', 'test_cfg'):
        cfg[key] = distilled[key]
    cfg.val_dataloader.sampler = cfg.test_dataloader.sampler = SAMPLER
    cfg.train_cfg.val_interval = 1
    narrow(cfg.model)
    if num_processes > 1:
        cfg.model_wrapper_cfg = {'type': 'MMDistributedDataParallel', 'device_ids': None, 'broadcast_buffers': False}
        cfg.train_dataloader.batch_size = 2
        cfg.model.head.pop('num_channels')
        cfg.model.head.type = 'vitpose_mm.SimpleHead'  # each process has its own BatchNorm
    return with_runtime(cfg)


def with_runtime(cfg: Config) -> Config:
    """Give a config the hooks that ours have, in place."""
    runtime = Config.fromfile(ROOT / 'configs/_base_/runtime/default.py')
    cfg.custom_hooks = runtime.custom_hooks
    cfg.default_hooks.checkpoint = {
        **runtime.default_hooks.checkpoint, 'type': 'CheckpointHook', 'interval': 1, 'by_epoch': False,
    }  # fmt: skip
    cfg.log_level = 'WARNING'
    return cfg


def training_job(name: str, path: Path) -> Job:
    processes = 2 if 'processes' in name else 1

    launcher = 'pytorch' if processes > 1 else 'none'

    def run(work_dir: Path) -> None:
        train(flags(config=str(path), work_dir=str(work_dir), resume='auto', launcher=launcher))

    command = None if processes > 1 else partial(tool, 'train.py', path)
    return Job(name, run, hash_checkpoint, command, processes)


def tool(name: str, config: Path, work_dir: Path) -> list[str]:
    """Return a command line."""
    return [sys.executable, str(ROOT / 'tools' / name), str(config), '--work-dir', str(work_dir), '--resume']


def run_distillation(config: Path, work_dir: Path) -> None:
    distill(flags(config=str(config), work_dir=str(work_dir), resume=True, teacher=None, token=None), say=print)


def make_study(folder: Path, config: Path) -> Study:
    """Return a study: pictures rendered with labels, a training, and another that begins with its weights."""
    rendered = str(folder / 'rendered')  # the job puts it into its own folder
    render = ('make_synthetic.py', rendered, '--images', '4', '--val', '2', '--size', '96', '96', '--workers', '0')
    runs = (
        Run('first', str(config), ('train_cfg.max_epochs=1',), scored=False),
        Run('second', str(config), ('train_cfg.max_epochs=1', 'load_from={checkpoint:first}')),
    )
    return Study('soak', '', runs, prepare=(Preparation(rendered, render),))


def run_study(study: Study, work_dir: Path) -> None:
    """As tools/studies.py does it, but that the tools are forked."""
    old = study.prepare[0]
    own = str(work_dir / 'rendered')
    command = tuple(own if part == old.makes else part for part in old.command)
    study = Study(study.name, study.about, study.runs, study.seeds, (Preparation(own, command),))
    patches = (mock.patch.object(module, 'call_tool', fork_tool) for module in (studies, train_and_test))
    with contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        studies.run_study(study, work_dir, root=ROOT, say=print)


def fork_tool(root: Path, command: Sequence[str | Path], *, log: Path, cwd: Path | None = None, **more: Any) -> Cost:
    """As call_tool, in a process that has imported everything."""
    if 'begin' in more and not more['begin']():
        return Cost()
    log.parent.mkdir(parents=True, exist_ok=True)
    tool, *arguments = map(str, command)

    def run() -> None:
        with open(log, 'ab') as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        if cwd:
            os.chdir(cwd)
        sys.argv = [str(root / 'tools' / tool), *arguments]
        runpy.run_path(sys.argv[0], run_name='__main__')

    process = multiprocessing.get_context('fork').Process(target=run)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f'{tool} ended with code {process.exitcode}')
    return Cost()


def hash_checkpoint(work_dir: Path) -> str:
    """Return a hash of weights, optimizer, schedules and position of the newest checkpoint of a training."""
    files = sorted(work_dir.glob('iter_*.pth'), key=lambda file: int(file.stem[5:]))
    if not files:
        return 'no checkpoint'
    checkpoint = load_file(files[-1])
    meta = {key: checkpoint['meta'].get(key) for key in ('epoch', 'iter', 'position', 'seed')}
    return hash_of([meta, *(checkpoint.get(key) for key in ('state_dict', 'optimizer', 'param_schedulers'))])


def hash_distillation(work_dir: Path) -> str:
    """Return a hash of all weights that a distillation has made."""
    missing = [name for name in FILES if not (work_dir / name).is_file()]
    if missing:
        return f'no {missing[0]}'
    return hash_of([hash_checkpoint(work_dir / 'student'), *(load_file(work_dir / name) for name in FILES)])


def hash_study(work_dir: Path) -> str:
    """Return a hash of labels, pictures, checkpoints and scores of a study."""
    rendered = sorted(path for path in (work_dir / 'rendered').rglob('*') if path.is_file())
    records = json.loads((work_dir / 'soak.json').read_text())
    scores = [[record[key] for key in ('study', 'run', 'seed', 'metrics', 'config')] for record in records]
    weights = [hash_checkpoint(work_dir / 'soak' / name / 'seed0') for name in ('first', 'second')]
    return hash_of([[(path.name, path.read_bytes()) for path in rendered], scores, weights])


def hash_of(value: Any) -> str:
    """Return a hash of tensors and plain values in containers."""
    found = hashlib.sha256()

    def add(one: Any) -> None:
        if isinstance(one, dict):
            for key, item in one.items():
                found.update(f'{key}:'.encode())
                add(item)
        elif isinstance(one, (list, tuple)):
            for item in one:
                add(item)
        elif isinstance(one, Tensor):
            found.update(np.ascontiguousarray(one.detach().numpy()).tobytes())
        else:
            found.update(repr(one).encode())

    add(value)
    return found.hexdigest()[:12]
