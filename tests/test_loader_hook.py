"""A process that imports the package reads checkpoints safely, whatever else it imports and in which order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

CHECK = 'from mmengine.runner import CheckpointLoader as C; print(C._schemes[""].__module__.split(".")[0])'
NOISE = 'from mmengine.utils import is_installed; is_installed("mmcv")'  # imports pkg_resources
ORDERS = {
    'us first': f'import vitpose_mm, warnings; warnings.warn("of the user"); {NOISE}',
    'mmengine first': 'import mmengine.runner, vitpose_mm',
    'configs of mmengine first': 'from mmengine.config import Config; import vitpose_mm',
    'our registry': 'import vitpose_mm.registry',
    'our reader': 'import vitpose_mm.checkpoints',
    'mmpose first': 'import mmpose.apis, vitpose_mm',
}


def run(code: str, cwd: Path | None = None) -> str:
    """Output of a fresh Python that has to succeed; one that imports us first hears of none but its own warnings."""
    environment = {name: value for name, value in os.environ.items() if name != 'PYTHONWARNINGS'}
    command = [sys.executable, '-c', code]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if code.startswith('import vitpose_mm'):
        assert 'pkg_resources' not in done.stderr
        assert ('of the user' in done.stderr) is ('of the user' in code)
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize('order', ORDERS)
def test_loaders_are_ours_in_every_order(order: str) -> None:
    assert run(f'{ORDERS[order]}; {CHECK}').splitlines()[-1] == 'vitpose_mm'


def test_without_us_they_are_mmengines() -> None:
    assert run(CHECK) == 'mmengine'


def test_importing_us_loads_nothing_heavy() -> None:
    assert run('import sys, vitpose_mm; print({"torch", "mmengine", "mmpose"} & set(sys.modules))') == 'set()'


class Bomb:
    """Unpickling it makes a folder."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ('gone_off',)


@pytest.mark.slow
def test_an_inferencer_by_name_runs_no_code_of_the_weights(tmp_path: Path) -> None:
    """mmpose loads the weights before it asks for a class of ours."""
    torch.save({'state_dict': {}, 'meta': Bomb()}, tmp_path / 'bomb.pth')
    code = (
        'from mmpose.apis import MMPoseInferencer\n'
        'try: MMPoseInferencer("vitpose_small", "bomb.pth", scope="vitpose_mm", det_model="whole_image")\n'
        'except ValueError as error: print(type(error).__name__, error)'
    )
    assert 'bomb.pth was not opened' in run(code, tmp_path)
    assert not (tmp_path / 'gone_off').exists()
