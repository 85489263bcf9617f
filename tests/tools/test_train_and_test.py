"""The command line of tools/train.py and tools/test.py: a run from flags to metrics, and mistakes in one sentence."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from tests.helpers.tiny_config import write_config, write_data
from tests.helpers.warm_python import run_python
from vitpose_mm.registry import MODELS

TOOLS = ('train', 'test', 'distill', 'browse_dataset')
PROBE = """
import runpy, sys
tool, sys.argv = sys.argv[1], ['tool', '-h']
try:
    runpy.run_path(tool, run_name='__main__')
except SystemExit:
    print(sorted({'torch', 'numpy', 'mmengine', 'cv2'} & set(sys.modules)))
"""


def run_tool(root: Path, name: str, *arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of the tools in a process of its own."""
    return run_python(root / 'tools' / f'{name}.py', *arguments, cwd=cwd)


@pytest.fixture(scope='module')
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data/ and tiny.py."""
    folder = tmp_path_factory.mktemp('tiny')
    write_data(folder / 'data')
    write_config(folder, folder / 'data')
    return folder


@pytest.mark.parametrize('name', TOOLS)
def test_help_is_quick_and_has_no_gpus_flag(root: Path, name: str) -> None:
    """`mim train` runs train.py -h first, and hands over --gpus where it reads of it."""
    tool = str(root / 'tools' / f'{name}.py')
    done = subprocess.run([sys.executable, '-c', PROBE, tool], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == '[]'
    assert '--cfg-options' in done.stdout
    assert '--gpus' not in done.stdout


@pytest.mark.slow
def test_train_and_resume(root: Path, tiny: Path) -> None:
    work = tiny / 'work'
    words = [sys.executable, root / 'tools' / 'train.py', 'tiny.py', '--work-dir', work, '--no-validate']
    first = subprocess.run(words, cwd=tiny, capture_output=True, text=True)  # all that it imports says nothing
    assert first.returncode == 0, first.stderr
    assert (work / 'epoch_1.pth').is_file()
    assert 'Epoch(val)' not in first.stdout + first.stderr
    assert 'pkg_resources' not in first.stderr

    options = ['--cfg-options', 'train_cfg.max_epochs=2']
    second = run_tool(root, 'train', tiny / 'tiny.py', '--work-dir', work, '--resume', *options, cwd=tiny)
    assert second.returncode == 0, second.stderr
    said = second.stdout + second.stderr
    assert 'epoch_1.pth' in said
    assert 'Saving checkpoint at 2 epochs' in said and 'Saving checkpoint at 1 epochs' not in said
    assert 'Epoch(val)' in said


@pytest.mark.slow
def test_several_checkpoints_are_tested_together(root: Path, tiny: Path) -> None:
    cfg = Config.fromfile(tiny / 'tiny.py')
    torch.save({'state_dict': MODELS.build(cfg.model).state_dict()}, tiny / 'a.pth')
    arguments = ['a.pth', 'tiny.py=a.pth', '--dataset', 'coco', '--out', 'metrics.json', '--work-dir', 'tested']
    done = run_tool(root, 'test', tiny / 'tiny.py', *arguments, cwd=tiny)
    assert done.returncode == 0, done.stderr
    assert 'coco/AP' in json.loads((tiny / 'metrics.json').read_text())


@pytest.mark.slow
def test_what_trains_on_many_gpus_is_tested_in_one_process(root: Path, tiny: Path) -> None:
    state = MODELS.build(Config.fromfile(tiny / 'tiny.py').model).state_dict()
    torch.save({'state_dict': state}, tiny / 'whole.pth')
    torch.save({'state_dict': {name: value for name, value in state.items() if 'head' not in name}}, tiny / 'part.pth')
    sharded = ['runner_type=FlexibleRunner', 'strategy.type=vitpose_mm.engine.fsdp.ShardedStrategy']
    whole, part = (
        run_tool(root, 'test', 'tiny.py', name, '--work-dir', 'one', '--cfg-options', *sharded, cwd=tiny)
        for name in ('whole.pth', 'part.pth')
    )
    assert whole.returncode == 0 and 'coco/AP' in whole.stdout, whole.stderr
    assert part.returncode == 1 and 'part.pth does not fit tiny.py' in part.stderr


def call_tool(root: Path, monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> object:
    """What a tool exits with, run in this process."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    monkeypatch.setenv('LOCAL_RANK', '0')
    with pytest.raises(SystemExit) as info:
        runpy.run_path(str(root / 'tools' / f'{name}.py'), run_name='__main__')
    return info.value.code


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['train', 'absent.py'], 'there is no config file absent.py'),
        (['distill', 'absent.py'], 'there is no config file absent.py'),
        (['distill', 'tiny.py'], "trains a 'vitpose_mm.PoseEstimator', which is not a distiller"),
        (['test', 'absent.py', 'a.pth'], 'there is no config file absent.py'),
        (['browse_dataset', 'absent.py'], 'there is no config file absent.py'),
        (['train', 'tiny.py', '--cfg-options', 'load_from=no.pth'], 'no.pth'),
        (['train', 'tiny.py', '--resume', 'gone.pth'], 'gone.pth'),
        (['train', 'tiny.py', '--cfg-options', 'train_dataloader.dataset.datasets.0.data_root=nowhere'], 'nowhere'),
        (['test', 'tiny.py', 'absent.pth'], 'absent.pth'),
        (['test', 'tiny.py', 'absent.pth', '--dump', 'a.json'], 'give a path that ends in .pkl'),
        (['browse_dataset', 'tiny.py', '--number', '0'], 'ask for at least 1'),
    ],
)
def test_a_mistake_is_one_sentence(
    root: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tiny)
    said = call_tool(root, monkeypatch, *arguments)
    assert isinstance(said, str)
    assert said.startswith('error: ') and sentence in said and '\n' not in said
    assert not (tiny / 'work_dirs').exists()
