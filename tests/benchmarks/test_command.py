"""tools/benchmark.py from its command line."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.helpers.warm_python import run_python
from vitpose_mm.benchmarks.command import describe_memory, find_device, run


def arguments(**given: object) -> argparse.Namespace:
    defaults = dict(
        subject='model', device='cpu', batch=1, warmup=1, iterations=2, rounds=2, threads=None, out=None,
        models=None, settings=None, tasks=['latency'], matmul_side=8,
    )  # fmt: skip
    return argparse.Namespace(**{**defaults, **given})


def test_help_is_quick_and_names_the_subjects(root: Path) -> None:
    script = root / 'tools' / 'benchmark.py'
    done = subprocess.run([sys.executable, script, '-h'], capture_output=True, text=True, check=True)
    assert (
        '{attention,crossover,model,distillation,router,profile,backends,decode,crops,inference,pipeline,precision,files,evaluation,memory,pareto,token,video,serve}'
        in done.stdout
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (('model', '--iterations', '4', '--rounds', '8'), 'error: 4 iterations cannot be spread over 8 rounds'),
        (('memory', 'absent.py'), 'error: there is no config file absent.py'),
        (('crossover', '--sizes', 'large'), 'error: --sizes large: write width and height in pixels'),
    ],
)
def test_a_mistake_ends_with_one_sentence(words: tuple[str, ...], sentence: str, root: Path) -> None:
    done = run_python(root / 'tools' / 'benchmark.py', *words)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(sentence) and 'Traceback' not in done.stderr


@pytest.mark.slow
def test_a_profile_watches_all_iterations(tiny_config: Path, root: Path) -> None:
    words = ('profile', tiny_config, '--iterations', '3', '--device', 'cpu')
    done = run_python(root / 'tools' / 'benchmark.py', *words)
    assert 'A forward pass of 2 crops; mean of 3 after 1' in done.stdout, done.stderr


def test_a_model_by_its_path(tiny_config: Path, tmp_path: Path, root: Path) -> None:
    said: list[str] = []
    page = run(arguments(models=[str(tiny_config)], out=tmp_path / 'out'), root / 'configs', said.append)
    assert '## Latency, batch 1' in page
    assert (tmp_path / 'out' / 'benchmark_model.md').read_text() == page
    assert (tmp_path / 'out' / 'benchmark_model.json').is_file()
    assert any('round 2 of 2' in line for line in said)


def test_a_wrong_setting_is_found_first(tiny_config: Path, root: Path) -> None:
    with pytest.raises(ValueError, match="The setting 'int8' is not known"):
        run(arguments(models=[str(tiny_config)], settings=['fp32', 'int8']), root / 'configs', lambda text: None)


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_a_gpu_that_is_not_there() -> None:
    with pytest.raises(ValueError, match='torch sees no GPU here'):
        find_device('cuda')
    assert find_device(None).type == 'cpu'


@pytest.mark.slow
def test_memory_of_a_config(tiny_config: Path) -> None:
    text = describe_memory(argparse.Namespace(config=str(tiny_config), batch=2, fp32=False, with_cp=True))
    assert '2 crops of 48x64 (w x h)' in text
    assert [line.split()[0] for line in text.splitlines()[1:]] == [
        'parameters', 'gradients', 'optimizer', 'activations', 'peak',
    ]  # fmt: skip
