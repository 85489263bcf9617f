"""The record of a run: its metrics and what they were measured with, in one small file."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import platform
import subprocess
import time
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..utils.files import write_json
from ..utils.json_files import read_json
from .call import Cost
from .study import Run, Study

PACKAGES = ('torch', 'mmengine', 'mmcv', 'mmpose')


def make_record(
    run: Run, study: str, seed: int, *, metrics: dict[str, float], cost: Cost, facts: dict[str, Any]
) -> dict:
    """Return the record of a run that is done.

    Args:
        run: the run.
        study: name of the study that has made it.
        seed: its seed.
        metrics: what the test has found.
        cost: what training and test have cost.
        facts: what else it bears: :func:`describe_machine`, the hash of its config.
    """
    return {
        'study': study,
        'run': run.name,
        'seed': seed,
        'metrics': {key: _rounded(value) for key, value in metrics.items()},
        'minutes': round(cost.wall / 60, 2),
        'cpu_seconds': round(cost.cpu, 1),
        'memory_mib': round(cost.memory),
        'date': date.today().isoformat(),
        **facts,
    }


def _rounded(value: float) -> float:
    return float(f'{value:.6g}') if isinstance(value, float) and math.isfinite(value) else value


def describe_machine(root: Path) -> dict[str, Any]:
    """Return device, versions, commit of the code, and how long this machine takes for a fixed work."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else _processor()
    return {
        'device': device,
        'versions': {'python': platform.python_version(), **{name: version(name) for name in PACKAGES}},
        'commit': _commit(root),
        'yardstick_seconds': round(measure_yardstick(), 3),
    }


def _processor() -> str:
    info = Path('/proc/cpuinfo')
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor() or platform.machine()


def _commit(root: Path) -> str:
    """Return the commit of a checkout, with a + where files differ from it; '' where there is none."""
    commands = (['git', 'rev-parse', '--short=10', 'HEAD'], ['git', 'status', '--porcelain', '--untracked-files=no'])
    try:
        found = [
            subprocess.run(words, cwd=root, capture_output=True, text=True, check=True).stdout for words in commands
        ]
    except (OSError, subprocess.CalledProcessError):
        return ''
    return found[0].strip() + ('+' if found[1].strip() else '')


def measure_yardstick() -> float:
    """CPU seconds of ten passes through a block as wide as the mini model's, forwards and backwards, on one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        block = torch.nn.TransformerEncoderLayer(192, 6, 768, batch_first=True, norm_first=True)
        tokens = torch.zeros(16, 48, 192)
        block(tokens).sum().backward()  # the first one allocates
        start = time.process_time()
        for _ in range(10):
            block(tokens).sum().backward()
        return time.process_time() - start
    finally:
        torch.set_num_threads(threads)


def hash_config(config: Path, options: Sequence[str]) -> str:
    """Return a hash of a config with its options, as they stand in the study: no path of a machine is in it."""
    from mmengine.config import Config, DictAction

    parser = argparse.ArgumentParser()
    parser.add_argument('--options', nargs='*', action=DictAction)
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(parser.parse_args(['--options', *options]).options)
    text = json.dumps(cfg.to_dict(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_record(file: Path) -> dict:
    """Read the record of a run.

    Raises:
        ValueError: it is damaged.
    """
    record = read_json(file, content='record of a run')[0]
    kinds = {'run': str, 'seed': int, 'metrics': dict}
    valid = isinstance(record, dict) and all(type(record.get(key)) is kind for key, kind in kinds.items())
    if not valid or any(type(value) not in (int, float) for value in record['metrics'].values()):
        raise ValueError(f'{file} is not the record of a run: remove it, and start the study again to make it.')
    return record


def record_file(records: Path, run: Run, study: str, seed: int) -> Path:
    """Return the path of the record of a run below the folder of all records."""
    work_dir = run.work_dir(study, seed)
    return records / work_dir.parts[0] / f'{run.name}-{work_dir.name}.json'


def replaces(work_dir: Path, file: Path) -> bool:
    """Whether the record of a finished run is another one than that in the folder of records, and not an older one."""
    own, kept = read_record(work_dir / 'metrics.json'), read_record(file)
    return own != kept and own.get('date', '') >= kept.get('date', '')


def keep_record(work_dir: Path, file: Path) -> None:
    """Copy the record of a finished run to the folder of records, unless a newer one is there."""
    if not file.is_file() or replaces(work_dir, file):
        write_json(read_record(work_dir / 'metrics.json'), file)


def read_records(study: Study, records: Path) -> list[dict]:
    """Return the records of a study that are in a folder of records, by run and seed, as its runs are named there.

    Raises:
        ValueError: a file is damaged, or has another name than the record of its run and seed.
    """
    found: list[dict] = []
    for run in study.runs:
        own: list[dict] = []
        for file in (records / (run.home or study.name)).glob(f'{run.name}-*.json'):
            record = read_record(file)
            if record['run'] != run.name or file != record_file(records, run, study.name, record['seed']):
                raise ValueError(
                    f'{file} has the record of {record["run"]}, seed {record["seed"]}: '
                    f'give it its own name, or remove it.'
                )
            own.append(record)
        found += sorted(own, key=lambda record: record['seed'])
    return found


def read_folder(folder: Path) -> list[dict]:
    """Return all records of a folder, by name of the file."""
    return [read_record(file) for file in sorted(folder.glob('*.json'))]
