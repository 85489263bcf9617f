"""tools/label.py as a command: faults in one sentence, and a run that is killed for real and goes on."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers.warm_python import run_python, start_python
from tests.tools.test_topdown_demo import write_models
from tests.video.conftest import detector_files, pose_files, write_video  # noqa: F401  fixtures
from vitpose_mm.labelling.parts import part_file
from vitpose_mm.utils.files import write_json

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'label.py'
WORDS = ['photos', '--pose', 'pose.py', 'pose.pth', '--detector', 'detector.py', 'detector.pth', '--bbox-thr', '0']
WORDS += ['--device', 'cpu', '--batch-size', '2', '--part-size', '12']


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run_python(TOOL, *words, cwd=cwd)


@pytest.mark.slow
@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['nothing', '--out', 'o'], 'error: nothing does not exist: give folders'),
        (['.', '--out', 'o', '--track'], 'error: --track follows people in videos: give --every N too'),
        (['.', '--out', 'o', '--label-studio'], 'error: --label-studio writes what is merged: give --merge too'),
        (['--merge', '--out', 'o'], "error: job file 'o/job.json' cannot be read"),
    ],
)
def test_faults_are_one_sentence(words: list[str], message: str, tmp_path: Path) -> None:
    result = run(*words, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(message) and result.stderr.count('\n') == 1


def test_what_could_not_be_read_is_counted(tmp_path: Path) -> None:
    describe_done = runpy.run_path(str(TOOL))['describe_done']
    contents = ({'failed': [{'id': 1}]}, {'failed': [], 'videos': [{'error': 'damaged'}]}, {'failed': []})
    for part, content in enumerate(contents):
        write_json(content, part_file(tmp_path, part))
    failed = '2 images are done, 1 of them could not be read (see `failed` in the parts)'
    assert describe_done(tmp_path, range(1), images=2, videos=0) == failed
    assert describe_done(tmp_path, range(2, 3), images=1, videos=0) == '1 image is done'
    assert describe_done(tmp_path, range(2), images=2, videos=1) == (
        '2 images and 1 video are done, 1 image or frame could not be read (see `failed` in the parts), '
        '1 video could not be read to the end (see `videos` in the parts)'
    )


def kill_when_begun(words: list[str], log: Path, *, cwd: Path, **options: Any) -> int:
    """Start the tool, kill it once a log has a kilobyte, and return the number of the log's lines."""
    said = cwd / 'said'
    process = start_python(TOOL, *words, cwd=cwd, out=said, err=said, **options)
    while not (log.exists() and log.stat().st_size > 1000):
        assert process.exitcode is None, said.read_text()
        time.sleep(0.005)
    process.kill()
    process.join()
    return log.read_bytes().count(b'\n')


@pytest.mark.slow
def test_killed_and_gone_on(tmp_path: Path) -> None:
    write_models(tmp_path)
    (tmp_path / 'photos').mkdir()
    random = np.random.default_rng(0)
    for i in range(30):
        Image.fromarray(random.integers(0, 255, (60, 80, 3), np.uint8)).save(tmp_path / 'photos' / f'{i:03d}.png')
    assert run(*WORDS, '--out', 'whole', '--audit', '3', cwd=tmp_path).returncode == 0

    environment = {**os.environ, 'RANK': '1', 'WORLD_SIZE': '2', 'LOCAL_RANK': '1'}
    words = [*WORDS, '--out', 'killed', '--launcher', 'pytorch']
    log = tmp_path / 'killed' / 'parts' / 'part-000001.log'
    done = kill_when_begun(words, log, cwd=tmp_path, env=environment)
    assert 0 < done < 12

    assert run(*WORDS, '--out', 'killed', cwd=tmp_path).returncode == 0
    result = run('--merge', '--out', 'killed', cwd=tmp_path)
    assert result.stdout.startswith('killed/labels.json: 30 images, '), result.stderr
    for i in range(3):
        name = f'parts/part-{i:06d}.json'
        assert (tmp_path / 'killed' / name).read_bytes() == (tmp_path / 'whole' / name).read_bytes()
    assert json.loads((tmp_path / 'killed' / 'labels.json').read_text())['annotations']
    assert len(list((tmp_path / 'whole' / 'audit').iterdir())) == 3


@pytest.mark.slow
def test_a_video_goes_on_with_its_tracks(tmp_path: Path, write_video: Callable[..., Path]) -> None:  # noqa: F811
    write_models(tmp_path)
    (tmp_path / 'photos').mkdir()
    write_video(40, name='photos/walk.mp4')
    words = [*WORDS, '--every', '2', '--track']
    assert run(*words, '--out', 'whole', '--audit', '3', cwd=tmp_path).returncode == 0
    log = tmp_path / 'killed' / 'parts' / 'part-000000.log'
    assert 0 < kill_when_begun([*words, '--out', 'killed'], log, cwd=tmp_path) < 20
    assert run(*words, '--out', 'killed', cwd=tmp_path).returncode == 0
    result = run('--merge', '--label-studio', '--out', 'killed', cwd=tmp_path)
    assert result.stdout.startswith('killed/labels.json: 20 images and frames of 1 video, '), result.stderr
    name = 'parts/part-000000.json'
    assert (tmp_path / 'killed' / name).read_bytes() == (tmp_path / 'whole' / name).read_bytes()
    people = json.loads((tmp_path / 'killed' / 'labels.json').read_text())['annotations']
    assert people and all('track_id' in one for one in people)
    assert len(json.loads((tmp_path / 'killed' / 'label_studio' / 'tasks-000000.json').read_text())) == 20
    assert len(list((tmp_path / 'whole' / 'audit').iterdir())) == 3
