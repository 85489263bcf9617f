"""What tools/studies.py does with its arguments."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.study_tools import STAGES, calls
from vitpose_mm.studies import command as commands


def test_the_tool_lists_studies_and_ends_with_one_sentence() -> None:
    tool = Path(__file__).resolve().parents[2] / 'tools' / 'studies.py'
    listed = subprocess.run([sys.executable, tool], capture_output=True, text=True)
    assert listed.returncode == 0 and listed.stdout.startswith('decoders: a ViT and a ResNet-18')
    wrong = subprocess.run([sys.executable, tool, 'absent'], capture_output=True, text=True)
    assert wrong.returncode == 1 and wrong.stderr.startswith("error: there is no study 'absent'")
    alone = subprocess.run([sys.executable, tool, '--jobs', '0'], capture_output=True, text=True)
    assert alone.returncode == 2 and 'error: --jobs is for a study: name one, or `all`' in alone.stderr


def arguments(study: str, root: Path, **changed: object) -> argparse.Namespace:
    """Those of tools/studies.py."""
    given = {'seeds': None, 'only': None, 'jobs': 1, 'quick': False, 'amp': False, 'page': False}
    return argparse.Namespace(study=study, out=root / 'out', **{**given, **changed})


def test_a_second_start_in_a_folder_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, 'find_study', lambda name: STAGES)
    monkeypatch.setattr(commands, 'describe_machine', lambda root: {'yardstick_seconds': 1.0})
    script = 'import sys; from pathlib import Path; from vitpose_mm.studies.schedule import lock_folder\n'
    script += 'with lock_folder(Path(sys.argv[1])): print("locked", flush=True); sys.stdin.read()'
    whole = [sys.executable, '-W', 'ignore', '-c', script, str(root / 'out')]
    other = subprocess.Popen(whole, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert other.stdout is not None and other.stdout.readline() == b'locked\n'
    with pytest.raises(ValueError, match='Another process runs studies in'):
        commands.command(arguments('two', root), root=root, say=lambda text: None)
    assert calls(root) == []
    other.kill()
    other.wait()
    commands.command(arguments('two', root), root=root, say=lambda text: None)


def test_the_page_is_renewed_after_one_study(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, 'find_study', lambda name: STAGES)
    monkeypatch.setattr(commands, 'describe_machine', lambda root: {'yardstick_seconds': 1.0})
    (root / 'docs').mkdir()
    (root / 'docs' / 'results.md').write_text('<!-- orderings -->\n<!-- written by `make evidence` -->\n')
    commands.command(arguments('two', root), root=root, say=lambda text: None)
    assert not (root / 'docs' / 'records').exists()
    commands.command(arguments('two', root, page=True), root=root, say=lambda text: None)
    assert len(list((root / 'docs' / 'records' / 'two').glob('*.json'))) == 4
    assert 'not run yet' in (root / 'docs' / 'results.md').read_text()


@pytest.mark.parametrize(
    ('changed', 'words'), [({'jobs': 0}, '--jobs 0: give 1'), ({'seeds': [-1]}, '--seeds -1: give 0')]
)
def test_numbers_that_are_too_small(changed: dict, words: str, root: Path) -> None:
    with pytest.raises(ValueError, match=words):
        commands.command(arguments('decoders', root, **changed), root=root, say=lambda text: None)


def test_a_quick_run_leaves_data_and_records_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, 'STUDIES', {'two': STAGES})
    monkeypatch.setattr(commands, 'describe_machine', lambda root: {'yardstick_seconds': 1.0})
    (root / 'docs').mkdir()
    page = '<!-- orderings -->\n<!-- written by `make evidence` -->\n'
    (root / 'docs' / 'results.md').write_text(page)
    args = arguments('all', root, quick=True)
    commands.command(args, root=root, say=lambda text: None)
    assert (root / 'out' / 'quick' / 'data').is_dir() and not (root / 'data').exists()
    assert (root / 'docs' / 'results.md').read_text() == page and not (root / 'docs' / 'records').exists()
    assert 'not run yet' in (root / 'out' / 'quick' / 'results.md').read_text()
    assert len(list((root / 'out' / 'quick' / 'records').rglob('*.json'))) == 2
    calls(root)
    args.quick = False
    commands.command(args, root=root, say=lambda text: None)
    assert len(list((root / 'docs' / 'records' / 'two').glob('*.json'))) == 4
    assert 'not run yet' in (root / 'docs' / 'results.md').read_text()
