from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from mmpose.structures import PoseDataSample

from tests.helpers.processes import run_processes
from tests.helpers.tiny_coco import write_coco
from tests.helpers.tiny_run import run_cfg, train
from vitpose_mm.datasets.corrupt_images import CorruptImage, record_corrupt_images
from vitpose_mm.engine import BadImageHook


class Log(list):
    """A logger that keeps its warnings."""

    def warning(self, text: str) -> None:
        self.append(text)


def make_batch(num: int, bad: list[str]) -> dict:
    """A batch of `num` samples, of which the first replace one of the files in `bad` each."""
    samples = [PoseDataSample() for _ in range(num)]
    for sample, path in zip(samples, bad, strict=False):
        record_corrupt_images({'data_samples': sample}, [CorruptImage(path, 'broken')])
    return {'data_samples': samples}


def feed(hook: BadImageHook, batches: list[list[str]], *, num: int = 10) -> Log:
    """Give batches to a hook as a runner would, by the unreadable files in each; return the warnings."""
    runner = SimpleNamespace(logger=Log())
    for i, bad in enumerate(batches):
        hook.before_train_iter(runner, i, make_batch(num, bad))
    hook.after_train_epoch(runner)
    return runner.logger


def feed_in_two_processes() -> tuple[list[str], str]:
    """Rank 0 sees good images only, rank 1 reads bad ones; both say and do the same."""
    import torch.distributed as dist

    rank = dist.get_rank()
    log = feed(BadImageHook(max_ratio=0.1, interval=2), [['a.jpg'] * rank, []])
    hook = BadImageHook(max_ratio=0.1, interval=2)
    try:
        feed(hook, [['b.jpg'] * 6 * rank, ['c.jpg'] * 6 * rank, [], []])
    except ValueError as error:
        return list(log), f'{hook.num_seen}: {error}'
    return list(log), 'went on'


def test_few_are_said_at_the_end_of_the_epoch_with_the_first_files() -> None:
    hook = BadImageHook(max_ratio=0.1)
    (line,) = feed(hook, [['a.jpg', 'b.jpg'], [], ['a.jpg'], ['c.jpg', 'd.jpg'], *[[]] * 6])
    assert '5 of 100 training samples' in line
    assert line.endswith('a.jpg (broken), b.jpg (broken), c.jpg (broken) and 1 more')
    assert feed(BadImageHook(), [[]] * 3) == []


def test_one_bad_image_in_the_first_batch_is_no_end_but_many_are() -> None:
    hook = BadImageHook()
    hook.before_train_iter(None, 0, make_batch(10, ['a.jpg']))
    with pytest.raises(ValueError, match=r'11 of 20 .* more than 1\.00%: a\.jpg \(broken\); .*max_ratio=0\.01'):
        hook.before_train_iter(None, 1, make_batch(10, ['a.jpg'] * 10))


@pytest.mark.parametrize(('num_bad', 'ends'), [(1, False), (2, True)])
def test_a_whole_epoch_is_checked_without_a_minimum(num_bad: int, ends: bool) -> None:
    batches = [['a.jpg']] * num_bad + [[]] * (10 - num_bad)
    if ends:
        with pytest.raises(ValueError, match='2 of 100'):
            feed(BadImageHook(), batches)
    else:
        assert len(feed(BadImageHook(), batches)) == 1


def test_a_share_outside_of_0_and_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r'max_ratio=5.*\[0, 1\]'):
        BadImageHook(max_ratio=5)


@pytest.mark.slow
def test_processes_add_up_and_stop_together() -> None:
    (log_0, end_0), (log_1, end_1) = run_processes(feed_in_two_processes)
    assert log_0 == log_1
    assert '1 of 40 training samples' in log_0[0]
    assert log_0[0].endswith('a.jpg (broken)')
    assert end_0 == end_1
    assert end_0.startswith('20: 12 of 40 ')


@pytest.mark.slow
def test_a_run_counts_over_its_workers_and_saves_before_it_stops(tmp_path: Path) -> None:
    data = write_coco(tmp_path / 'data', num_images=16)
    (data / 'images/002.png').write_bytes(b'')
    by_epoch = {'checkpoint': {'type': 'CheckpointHook', 'interval': 1}}
    with pytest.raises(ValueError, match=r'1 of 16 .*002\.png'):
        train(run_cfg(data, tmp_path / 'stops', num_workers=2, default_hooks=by_epoch))
    assert [file.name for file in (tmp_path / 'stops').glob('*.pth')] == ['epoch_1.pth']
    hooks = [{'type': 'vitpose_mm.BadImageHook', 'max_ratio': 0.2}]
    runner = train(run_cfg(data, tmp_path / 'goes on', num_workers=2, custom_hooks=hooks))
    (hook,) = (hook for hook in runner.hooks if isinstance(hook, BadImageHook))
    assert runner.iter == 12
    assert hook.num_seen == 48
    assert hook.num_bad >= 3


def test_a_sample_counts_once_however_many_images_were_tried() -> None:
    hook, batch = BadImageHook(max_ratio=1.0), make_batch(8, [])
    record_corrupt_images(
        {'data_samples': batch['data_samples'][0]}, [CorruptImage(f'{i}.jpg', 'broken') for i in range(10)]
    )
    hook.before_train_iter(None, 0, batch)
    assert (hook.num_bad, hook.num_seen) == (1, 8)
