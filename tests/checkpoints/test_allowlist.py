from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

from vitpose_mm.checkpoints import CheckpointError, load_file
from vitpose_mm.checkpoints.allowlist import HistoryReader, allowed_names


@pytest.fixture
def obvious_list() -> Iterator[None]:
    """What one puts on torch's list when the error messages of a resume are followed one by one."""
    obvious = [HistoryBuffer, getattr, np.ndarray, np.dtype, np.core.multiarray._reconstruct, np.core.multiarray.scalar]
    obvious += [type(np.dtype('f8')), type(np.dtype('i8'))]
    with torch.serialization.safe_globals(obvious):
        yield


def test_the_walk_through_getattr_works_on_the_obvious_list(
    attacks: dict[str, Path], marker: Path, obvious_list: None, clean_statistics: None
) -> None:
    """The attack file is real: without our readers it runs code at the first log line."""
    checkpoint = torch.load(attacks['walk'], weights_only=True)
    checkpoint['message_hub']['log_scalars']['loss'].statistics('mean')
    assert marker.exists()


def test_the_walk_plants_nothing(attacks: dict[str, Path], marker: Path, obvious_list: None) -> None:
    """Ours refuses it, also where somebody else put the obvious list on torch's."""
    before = dict(HistoryBuffer._statistics_methods)
    with pytest.raises(CheckpointError, match=r'walk\.pth was not opened: it asks for'):
        load_file(attacks['walk'])
    assert HistoryBuffer._statistics_methods == before
    assert HistoryBuffer([1.0], [1]).statistics('mean') == 1.0
    assert not marker.exists()


def test_a_history_with_a_state_of_its_own_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planting needs no getattr: a state may bring a callable that is on torch's own list."""
    before = dict(HistoryBuffer._statistics_methods)
    state = {'_log_history': np.ones(1), '_count_history': np.ones(1), 'max_length': 9, 'mean': torch.Tensor}

    def save(statistics: dict[str, Any]) -> None:
        whole = {**state, 'statistics_methods': statistics}
        monkeypatch.setattr(HistoryBuffer, '__getstate__', lambda self: whole)
        torch.save({'h': HistoryBuffer()}, tmp_path / 'h.pth')

    save({'mean2': torch.Tensor})
    with pytest.raises(CheckpointError, match='statistics of its own'):
        load_file(tmp_path / 'h.pth')
    save({'mean': torch.Tensor})
    history = load_file(tmp_path / 'h.pth')['h']
    assert history.mean() == 1.0 and history.statistics('mean') == 1.0
    assert HistoryBuffer._statistics_methods == before


def test_a_history_comes_back_equal_and_plain(tmp_path: Path) -> None:
    history = HistoryBuffer([3.0, 1.0, 2.0], [1, 1, 2], max_length=50)
    torch.save({'h': history}, tmp_path / 'h.pth')
    loaded = load_file(tmp_path / 'h.pth')['h']
    assert type(loaded) is HistoryBuffer and not isinstance(loaded, HistoryReader)
    for ours, theirs in zip(loaded.data, history.data, strict=True):
        assert ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
    assert loaded.max_length == 50
    assert [loaded.statistics(name) for name in ('min', 'max', 'current', 'mean')] == [1.0, 3.0, 2.0, 1.5]
    loaded.update(5.0)
    torch.save({'h': loaded}, tmp_path / 'again.pth')
    assert load_file(tmp_path / 'again.pth')['h'].current() == 5.0


@pytest.mark.parametrize('code', ['?', 'i1', 'u2', 'i4', 'i8', 'f2', 'f4', 'f8', 'c8'])
def test_arrays_of_numbers_come_back_equal(tmp_path: Path, code: str) -> None:
    array = np.asfortranarray((np.arange(12).reshape(3, 4) % 5).astype(code))
    torch.save({'array': array, 'scalar': array[1, 2]}, tmp_path / 'a.pth')
    loaded = load_file(tmp_path / 'a.pth')
    assert loaded['array'].dtype == array.dtype and np.array_equal(loaded['array'], array)
    assert type(loaded['scalar']) is type(array[1, 2]) and loaded['scalar'] == array[1, 2]
    loaded['array'][0, 0] = 1


def test_empty_arrays_come_back_equal(tmp_path: Path) -> None:
    torch.save({'array': np.zeros((0, 3), np.float32), 'h': HistoryBuffer()}, tmp_path / 'a.pth')
    loaded = load_file(tmp_path / 'a.pth')
    assert loaded['array'].shape == (0, 3) and loaded['array'].dtype == np.float32
    assert len(loaded['h'].data[0]) == 0


def test_settings_come_back_as_plain_dicts(tmp_path: Path) -> None:
    torch.save({'meta': ConfigDict(a=ConfigDict(b=1))}, tmp_path / 's.pth')
    loaded = load_file(tmp_path / 's.pth')
    assert type(loaded['meta']) is dict and loaded == {'meta': {'a': {'b': 1}}}


def test_the_list_of_others_is_put_back() -> None:
    with torch.serialization.safe_globals([Path]):
        before = set(torch.serialization.get_safe_globals())
        with pytest.raises(RuntimeError), allowed_names():
            assert Path not in torch.serialization.get_safe_globals()
            raise RuntimeError
        assert set(torch.serialization.get_safe_globals()) == before
