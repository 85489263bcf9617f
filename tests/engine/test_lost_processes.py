"""Which errors say that another process of a training was lost, or a worker that loads data."""

from __future__ import annotations

import signal
from types import SimpleNamespace
from typing import Any

import pytest

from vitpose_mm.engine import train
from vitpose_mm.engine.train import is_of_backend, run_training


@pytest.mark.parametrize(
    'message',
    [
        '[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:33473',
        'Application timeout caused pair closure',  # gloo's, which does not name it
        'NCCL communicator was aborted on rank 1.',
    ],
)
def test_messages_of_backends(message: str) -> None:
    assert is_of_backend(RuntimeError(message))
    assert not is_of_backend(RuntimeError('mat1 and mat2 shapes cannot be multiplied'))


def test_a_worker_that_is_reported_while_its_lost_connection_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch raises from its handler of SIGCHLD, in whatever runs then."""
    monkeypatch.setattr(train, 'find_stop', lambda runner: None)
    explained: list[Exception] = []
    explain = train.explain_end

    def interrupted(runner: Any, error: Exception) -> None:
        explained.append(error)
        if len(explained) == 1:
            raise RuntimeError('DataLoader worker (pid 7) is killed by signal: Killed.')
        explain(runner, error)

    def lose() -> None:
        raise ConnectionResetError('Connection reset by peer')

    monkeypatch.setattr(train, 'explain_end', interrupted)
    handler = signal.getsignal(signal.SIGCHLD)
    runner: Any = SimpleNamespace(cfg={}, work_dir='.', train=lose)
    try:
        with pytest.raises(ValueError, match=r'^DataLoader worker .*--resume'):
            run_training(runner)
    finally:
        signal.signal(signal.SIGCHLD, handler)
    assert len(explained) == 2
