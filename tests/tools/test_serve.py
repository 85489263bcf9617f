"""tools/serve.py as a command: quick help, faults in one sentence, and a whole run with small models."""

from __future__ import annotations

import io
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.helpers.warm_python import run_python
from tests.tools.test_topdown_demo import write_models

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'serve.py'


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run_python(TOOL, *words, cwd=cwd)


def test_help_is_quick() -> None:
    code = f'import runpy, sys; sys.argv = ["tool", "-h"]\ntry: runpy.run_path({str(TOOL)!r}, run_name="__main__")'
    code += '\nexcept SystemExit: print("HEAVY", {"torch", "mmpose", "fastapi"} & set(sys.modules))'
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=600)
    assert 'HEAVY set()' in result.stdout, result.stderr
    assert '--max-batch' in result.stdout


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['vitpose_tiny'], "error: 'vitpose_tiny' is not a pose model of the zoo"),
        (['--detector', 'x'], "error: 'x' is not a detector of the zoo"),
        (['--max-queue', '0'], 'error: --max-queue 0 is not possible'),
    ],
)
def test_faults_are_one_sentence(words: list[str], message: str, tmp_path: Path) -> None:
    result = run(*words, '--offline', cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(message) and result.stderr.count('\n') == 1


@pytest.mark.slow
def test_a_whole_run(tmp_path: Path) -> None:
    write_models(tmp_path)
    shutil.copy(tmp_path / 'pose.pth', tmp_path / 'other.pth')
    models = (
        'pose.py',
        'pose.pth',
        'pose.py',
        'other.pth',
        '--detector',
        'detector.py',
        'detector.pth',
        '--bbox-thr',
        '0',
    )
    words = [sys.executable, str(TOOL), *models, '--device', 'cpu', '--port', '0', '--host', '0.0.0.0']
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            check_run(process)
        finally:
            process.kill()


def check_run(process: subprocess.Popen[str]) -> None:
    """Follow a server from its first line to its end."""
    assert process.stdout
    said: list[str] = []
    while not said or 'http' not in said[-1]:
        line = process.stdout.readline()
        assert line, said
        said += [] if 'mmengine' in line else [line]
    assert said[:2] == ['starting ...\n', 'loading pose-pose and the detector ...\n']
    assert said[2] == 'loading pose-other ...\n' and re.match(r'loaded in \d+\.\d s\n', said[3])
    assert said[4].startswith('warning: everybody who reaches 0.0.0.0') and len(said) == 6
    (port,) = re.findall(r'^http://0\.0\.0\.0:(\d+) \(Ctrl-C', said[-1])
    address = f'http://127.0.0.1:{port}'
    names = [one['name'] for one in requests.get(f'{address}/info', timeout=60).json()['models']]
    assert names == ['pose-pose', 'pose-other']
    image = io.BytesIO()
    Image.effect_noise((80, 60), 90).save(image, 'png')
    answer = requests.post(f'{address}/predict', files={'file': image.getvalue()}, timeout=60).json()
    assert (answer['model'], answer['width']) == ('pose-pose', 80)
    assert len(answer['instances'][0]['keypoints']) == 17
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    ('poses', 'names'),
    [
        (['vitpose_small', 'vitpose_large'], ['vitpose_small', 'vitpose_large']),
        ([('c/a.py', 'x/epoch_8.pth'), ('c/b.py', 'y/epoch_8.pth')], ['a', 'b']),
        ([('c/a.py', 'x/epoch_8.pth'), ('c/a.py', 'x/epoch_9.pth'), 'b'], ['a-epoch_8', 'a-epoch_9', 'b']),
    ],
)
def test_names_of_models(poses: list, names: list[str]) -> None:
    from vitpose_mm.serve.run import name_models

    assert name_models(poses) == names


def test_a_model_that_is_named_twice() -> None:
    from vitpose_mm.serve.run import name_models

    with pytest.raises(ValueError, match="Two models are called 'a-epoch_8': give another one, or rename the file"):
        name_models([('c/a.py', 'x/epoch_8.pth'), ('d/a.py', 'y/epoch_8.pth')])


def test_a_port_that_is_taken_is_one_sentence_before_anything_is_loaded(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run('--port', str(port), '--offline', cwd=tmp_path)
    sentence = f'error: --host 127.0.0.1 --port {port} cannot be listened on (Address already in use): choose another'
    assert (result.returncode, result.stdout) == (2, '') and result.stderr.startswith(sentence)
