"""A training goes on in another number of processes: the same samples in the same batches, and the same loss."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from tests.helpers.forks import Forks
from tests.helpers.tiny_run import run_cfg
from vitpose_mm.engine.train import build_runner

pytestmark = pytest.mark.slow
DOUBLE = torch.float64
DONE = 5  # of 12 iterations in 3 epochs
Records = list[list[dict[str, Any]]]  # by process, then by iteration


class Record(Hook):
    """Keeps the ids of a batch and its loss, in a file of each process."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / f'records{get_rank()}.json'
        self.found: list[dict[str, Any]] = []

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        for one in data_batch['data_samples']:
            one.gt_fields, one.gt_instance_labels = one.gt_fields.to(DOUBLE), one.gt_instance_labels.to(DOUBLE)

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        assert outputs is not None and outputs['loss'].dtype == DOUBLE
        self.found.append({'ids': [one.img_id for one in data_batch['data_samples']], 'loss': outputs['loss'].item()})
        self.file.write_text(json.dumps(self.found))


def train_double(data: Path, work_dir: Path, size: int, load_from: str | None) -> None:
    """In each process: batches of four samples in all, without what differs by process or by batch."""
    torch.set_default_dtype(DOUBLE)
    cfg = run_cfg(data, work_dir, launcher='pytorch' if size > 1 else 'none')
    cfg.train_dataloader.batch_size = 4 // size
    cfg.model.backbone.drop_path_rate = 0.0
    cfg.model.head = {**cfg.model.head, 'type': 'vitpose_mm.SimpleHead'}  # without BatchNorm
    cfg.model_wrapper_cfg = {'type': 'MMDistributedDataParallel', 'device_ids': None, 'broadcast_buffers': False}
    cfg.resume, cfg.load_from = load_from is not None, load_from
    runner = build_runner(cfg)
    runner.register_hook(Record(work_dir))
    runner.train()


def records_of(data: Path, work_dir: Path, size: int, load_from: Path | None = None) -> Records:
    """Train and return what each process saw."""
    start = None if load_from is None else str(load_from / f'iter_{DONE}.pth')
    forks = Forks(train_double, data, work_dir, size, start, log=work_dir / 'said', num_processes=size)
    codes = forks.codes(limit=300)
    forks.clear()
    assert codes == [0] * size, forks.log.read_text()
    return [json.loads((work_dir / f'records{rank}.json').read_text()) for rank in range(size)]


@pytest.fixture(scope='module')
def wholes(coco: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, Records]]:
    """Trainings of 12 iterations by their number of processes."""
    folders = {size: tmp_path_factory.mktemp(f'whole{size}') for size in (1, 2)}
    return {size: (folder, records_of(coco, folder, size)) for size, folder in folders.items()}


def hash_ids(records: Records) -> list[str]:
    """Return for each iteration a hash of the ids of its samples, in the order of the sampler."""
    orders = [[image for part in zip(*ids, strict=True) for image in part] for ids in batches(records, 'ids')]
    return [hashlib.sha256(json.dumps(ids).encode()).hexdigest() for ids in orders]


def losses(records: Records) -> list[float]:
    """Return the loss of each iteration over all processes."""
    return [sum(parts) / len(parts) for parts in batches(records, 'loss')]


def batches(records: Records, key: str) -> list[tuple]:
    """Return for each iteration the values of all processes."""
    return list(zip(*[[batch[key] for batch in own] for own in records], strict=True))


@pytest.mark.parametrize(('before', 'after'), [(2, 1), (1, 2)])
def test_goes_on_in_another_number_of_processes(
    coco: Path, tmp_path: Path, wholes: dict[int, tuple[Path, Records]], before: int, after: int
) -> None:
    folder, whole = wholes[before]
    rest = records_of(coco, tmp_path, after, folder)
    assert len(set(hash_ids(whole))) == 12
    assert hash_ids(rest) == hash_ids(whole)[DONE:]
    expected = losses(whole)[DONE:]
    assert losses(rest)[0] == pytest.approx(expected[0], rel=1e-12)
    assert losses(rest)[-1] == pytest.approx(expected[-1], rel=1e-6)
    assert len(set(expected)) == len(expected)


def test_the_number_of_processes_changes_no_batch(wholes: dict[int, tuple[Path, Records]]) -> None:
    one, two = (records for _, records in wholes.values())
    assert hash_ids(one) == hash_ids(two)
    assert losses(one)[0] == pytest.approx(losses(two)[0], rel=1e-12)
