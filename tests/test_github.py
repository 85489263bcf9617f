"""Workflows, issue forms and pre-commit hooks name only what exists, and run what a checkout runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / '.github' / 'workflows').glob('*.yml'))
FORMS = sorted(path for path in (ROOT / '.github' / 'ISSUE_TEMPLATE').glob('*.yml') if path.name != 'config.yml')
every_workflow = pytest.mark.parametrize('path', WORKFLOWS, ids=lambda path: path.stem)


def jobs(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load(path.read_text())['jobs'].values())


def steps_of_ci() -> set[str]:
    """The names that .ci/run takes."""
    return set(re.findall(r'choose from ([\w, ]+)"', (ROOT / '.ci' / 'run').read_text())[0].split(', '))


def test_there_are_workflows_and_forms() -> None:
    assert [path.stem for path in WORKFLOWS] == ['ci', 'nightly']
    assert [path.stem for path in FORMS] == ['bug', 'feature', 'question']


@every_workflow
def test_ci_run_is_what_runs(path: Path) -> None:
    for job in jobs(path):
        matrix = job.get('strategy', {}).get('matrix', {}).get('step', [])
        commands = [step['run'] for step in job['steps'] if 'run' in step]
        named = [name for command in commands for name in (matrix if '${{' in command else command.split()[1:])]
        assert all(command.split()[0] == '.ci/run' for command in commands)
        assert named and set(named) <= steps_of_ci()


def test_pull_requests_run_lint_and_tests_and_the_night_the_quick_start() -> None:
    ci, nightly = (yaml.safe_load(path.read_text()) for path in WORKFLOWS)
    triggers = {'ci': ci[True], 'nightly': nightly[True]}  # YAML reads the key `on` as true
    assert set(triggers['ci']) == {'push', 'pull_request'}
    assert set(triggers['nightly']) == {'schedule', 'workflow_dispatch'}
    assert jobs(WORKFLOWS[0])[0]['strategy']['matrix']['step'] == ['lint', 'test']


@every_workflow
def test_a_workflow_may_read_alone_and_finds_the_compiled_mmcv(path: Path) -> None:
    assert yaml.safe_load(path.read_text())['permissions'] == {'contents': 'read'}
    for job in jobs(path):
        (cache,) = (step['with'] for step in job['steps'] if step.get('uses', '').startswith('actions/cache@'))
        assert cache['path'] == '~/.cache/vitpose_mm'  # requirements/mmcv_wheel.py puts it there
        assert "hashFiles('requirements/*')" in cache['key']
        assert job['timeout-minutes'] <= 90


@pytest.mark.parametrize('path', FORMS, ids=lambda path: path.stem)
def test_a_form_is_complete(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    assert {'name', 'description', 'body'} <= set(form)
    for field in form['body']:
        assert field['type'] in ('markdown', 'textarea', 'input', 'dropdown', 'checkboxes')
        assert field['type'] == 'markdown' or (field['id'] and field['attributes']['label'])
    for name in re.findall(r'[A-Z]+\.md', path.read_text()):
        assert (ROOT / name).is_file()


def test_the_bug_form_asks_for_a_command_that_works() -> None:
    (code,) = re.findall(r'`python -c "(.*?)"`', (ROOT / '.github' / 'ISSUE_TEMPLATE' / 'bug.yml').read_text())
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, check=True)
    assert re.match(r'\d+\.\d+\.\d+ ', done.stdout) and 'PyTorch' in done.stdout


def test_hooks_have_the_versions_of_the_environment() -> None:
    pins = set((ROOT / 'requirements' / 'dev.txt').read_text().splitlines())
    (local,) = yaml.safe_load((ROOT / '.pre-commit-config.yaml').read_text())['repos']
    wanted = [line for hook in local['hooks'] for line in hook['additional_dependencies']]
    assert {line.split('==')[0] for line in wanted} == {'ruff', 'codespell'}
    assert set(wanted) <= pins
