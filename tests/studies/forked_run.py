"""Studies with tools that write down how they are called instead of training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.study_tools import STAGES, TOOL, calls
from vitpose_mm.studies import run as studies
from vitpose_mm.studies.estimate import say_how_long
from vitpose_mm.studies.record import hash_config, read_record, read_records
from vitpose_mm.studies.study import Run, Study
from vitpose_mm.studies.train_and_test import Setting


def test_a_study_trains_tests_and_is_not_done_twice(root: Path) -> None:
    out = root / 'out'
    records = studies.run_study(STAGES, out, root=root)
    one, two = out / 'two' / 'token' / 'seed2', out / 'two' / 'student' / 'seed2'
    made = calls(root)
    assert [call[0] for call in made] == ['make.py', *['train.py', 'train.py', 'test.py'] * 2]
    configs, ckpt = root / 'configs', '/epoch_3.pth'
    assert made[4] == [
        'train.py', f'{configs}/a.py', '--work-dir', f'{one}', '--resume', '--cfg-options', 'randomness.seed=2',
    ]  # fmt: skip
    assert made[5][6:] == [f'x={one}{ckpt}', 'randomness.seed=2']
    assert made[6] == [
        'test.py', f'{configs}/c.py', f'{two}{ckpt}', '--work-dir', f'{two}/test', '--out', f'{two}/tested.json',
        '--cfg-options', 'y=2',
    ]  # fmt: skip
    found = [(record['run'], record['seed'], record['metrics']) for record in records]
    empty: dict = {}
    assert found == [
        ('token', 0, empty), ('token', 2, empty), ('student', 0, {'coco/AP': 0.5}), ('student', 2, {'coco/AP': 0.7}),
    ]  # fmt: skip
    assert json.loads((out / 'two.json').read_text()) == records
    assert studies.run_study(STAGES, out, root=root) == records
    assert calls(root) == []
    (root / 'data').rmdir()  # as in another checkout
    studies.run_study(STAGES, out, root=root)
    assert calls(root) == [['make.py', 'data']]


def test_after_a_failure_it_goes_on(root: Path) -> None:
    study = Study('one', '', (Run('a', 'a.py'), Run('b', 'b.py', ('fail=1',))))
    with pytest.raises(RuntimeError, match=r'train\.py ended with code 1: .*one/b/seed0/train\.log has the reason'):
        studies.run_study(study, root / 'out', root=root)
    assert 'a reason' in (root / 'out/one/b/seed0/train.log').read_text()
    assert [call[0] for call in calls(root)] == ['train.py', 'test.py', 'train.py']
    (root / 'calls.fixed').touch()
    assert len(studies.run_study(study, root / 'out', root=root)) == 2
    assert [call[0] for call in calls(root)] == ['train.py', 'test.py']


def test_a_run_of_all_seeds_and_a_tool_that_leaves_notes(root: Path) -> None:
    code = TOOL.format(calls=str(root / 'calls'))
    (root / 'tools' / 'distill.py').write_text(
        code + "(place / 'notes.json').write_text('{\"loss\": 2}'); (place / 'deploy.pth').touch()\n"
    )
    options = ('a={checkpoint:teacher}', 'b={folder:teacher}/x.pth')
    runs = (Run('teacher', 'a.py', scored=False, once=True), Run('student', 'b.py', options, tool='distill.py'))
    study = Study('three', '', runs, seeds=(3, 4))
    records = studies.run_study(study, root / 'out', root=root)
    made, teacher = calls(root), root / 'out/three/teacher/once'
    assert [call[0] for call in made] == ['train.py', 'distill.py', 'test.py', 'distill.py', 'test.py']
    assert made[0][-1] == 'randomness.seed=3'
    assert made[3][-3:] == [f'a={teacher}/epoch_3.pth', f'b={teacher}/x.pth', 'randomness.seed=4']
    assert made[4][2] == str(root / 'out/three/student/seed4/deploy.pth')
    assert [(record['run'], record['seed'], record['metrics']) for record in records] == [
        ('teacher', 3, {}), ('student', 3, {'loss': 2, 'coco/AP': 0.8}), ('student', 4, {'loss': 2, 'coco/AP': 0.9}),
    ]  # fmt: skip


def test_chosen_runs_and_seeds(root: Path) -> None:
    with pytest.raises(
        ValueError, match=r'two: student, seed 5 needs .*token/seed5, which is not done: add token to --only'
    ):
        studies.run_study(STAGES, root / 'out', root=root, only=['student'], seeds=[5])
    records = studies.run_study(STAGES, root / 'out', root=root, only=['token'], seeds=[5])
    assert [(record['run'], record['seed']) for record in records] == [('token', 5)]


def test_the_table_has_mean_and_sample_deviation() -> None:
    values = {'a': [0.1, 0.2, 0.6], 'b': [0.4]}
    records = [dict(run=name, seed=i, metrics={'AP': v}) for name in values for i, v in enumerate(values[name])]
    lines = studies.table(records).splitlines()
    assert lines[2:] == ['| a | 3 | AP | 0.3000 | 0.2646 |', '| b | 1 | AP | 0.4000 | - |']


def test_records_are_kept_with_what_they_were_measured_with(root: Path) -> None:
    setting = Setting(root, root / 'out', facts={'device': 'a machine'})
    studies.run_studies([STAGES], setting, records=root / 'records')
    file = root / 'records' / 'two' / 'student-seed2.json'
    record = json.loads(file.read_text())
    assert (record['study'], record['run'], record['seed'], record['metrics']) == (
        'two',
        'student',
        2,
        {'coco/AP': 0.7},
    )
    assert record['device'] == 'a machine' and record['cpu_seconds'] > 0 and record['memory_mib'] > 1
    assert not record['resumed']
    calls(root)
    file.unlink()  # as in another checkout: it is copied, not made again
    studies.run_studies([STAGES], setting, records=root / 'records')
    assert json.loads(file.read_text()) == record and calls(root) == []


def test_a_run_of_another_study_is_made_once_and_found(root: Path) -> None:
    shared = Run('shared', 'a.py')
    first = Study('first', '', (shared,), seeds=(0, 1))
    own = Run('own', 'b.py', ('x={checkpoint:shared}',))
    looked = Run('looked', 'c.py', evaluates='shared')
    second = Study('second', '', (replace(shared, home='first'), own, looked), seeds=(0, 1))
    setting = Setting(root, root / 'out', facts={'device': ''})
    studies.run_studies([first, second], setting, records=root / 'records')
    made = calls(root)
    trained = [call[3].removeprefix(f'{root}/out/') for call in made if call[0] == 'train.py']
    assert trained == ['first/shared/seed0', 'second/own/seed0', 'first/shared/seed1', 'second/own/seed1']
    tested = next(call for call in made if call[1].endswith('c.py'))
    assert tested[2] == f'{root}/out/first/shared/seed0/epoch_3.pth'
    found = [record['run'] for record in read_records(second, root / 'records')]
    assert found == ['shared', 'shared', 'own', 'own', 'looked', 'looked']
    assert [record['run'] for record in studies.read_done(second, root / 'out')] == found


def test_how_long_it_takes_is_said_from_records(root: Path) -> None:
    study = Study('one', '', (Run('a', 'a.py'), Run('b', 'b.py')))
    jobs = studies.plan([study], Setting(root, root / 'out'))
    (root / 'records' / 'one').mkdir(parents=True)
    for seed, seconds in ((0, 3600), (1, 7200)):
        record = {'run': 'a', 'seed': seed, 'metrics': {}, 'cpu_seconds': seconds, 'yardstick_seconds': 2.0}
        (root / 'records' / 'one' / f'a-seed{seed}.json').write_text(json.dumps(record))
    said: list[str] = []
    say_how_long(jobs, root / 'records', 4.0, workers=2, say=said.append)
    assert said == [
        '0 of 2 jobs are done. The others take about 3.0 hours of one core of this machine: 90 minutes by the clock '
        'with 2 at a time and nothing else running; 1 of them have no record and are not counted.'
    ]
    said.clear()
    say_how_long(jobs, root / 'none', 4.0, workers=2, say=said.append)
    assert said == ['0 of 2 jobs are done. How long the others take is not known: they have no records.']
    older = {'run': 'a', 'seed': 0, 'metrics': {}, 'minutes': 30}
    (root / 'records' / 'one' / 'a-seed0.json').write_text(json.dumps(older))
    (root / 'records' / 'one' / 'a-seed1.json').unlink()
    say_how_long(jobs, root / 'records', 4.0, workers=2, say=said.append)
    assert said.pop().startswith('0 of 2 jobs are done. The others take about 30 minutes of one core')
    say_how_long([], root / 'records', 4.0, workers=2, say=said.append)
    assert said[1:] == ['0 of 0 jobs are done.']


def test_the_hash_of_a_config_is_of_its_options_too(root: Path) -> None:
    config = root / 'configs' / 'a.py'
    plain = hash_config(config, ())
    assert plain == hash_config(config, ()) != hash_config(config, ('x=1',))


def test_older_records_are_replaced_and_another_precision_is_refused(root: Path) -> None:
    study = Study('one', '', (Run('a', 'a.py'),))
    setting = Setting(root, root / 'out', facts={'device': 'this machine'})
    studies.run_studies([study], setting)
    file = root / 'records' / 'one' / 'a-seed0.json'
    file.parent.mkdir(parents=True)
    other = {'run': 'a', 'seed': 0, 'metrics': {'coco/AP': 0.9}, 'device': 'another machine'}
    calls(root)
    for day, kept in (('2026-01-01', 'this machine'), ('2999-01-01', 'another machine')):
        file.write_text(json.dumps({**other, 'date': day}))
        studies.run_studies([study], setting, records=root / 'records')
        assert read_record(file)['device'] == kept and calls(root) == []
    with pytest.raises(
        ValueError, match=r'one/a/seed0 was trained with --no-amp and is now asked for with --amp: give'
    ):
        studies.run_studies([study], replace(setting, amp=True))


def test_what_a_run_needs_has_to_be_done(root: Path) -> None:
    """A training that was stopped half-way has a folder too."""
    study = Study('one', '', (Run('full', 'a.py'), Run('looked', 'b.py', evaluates='full')))
    setting = Setting(root, root / 'out', amp=True, facts={'device': ''})
    (root / 'out' / 'one' / 'full' / 'seed0').mkdir(parents=True)
    with pytest.raises(ValueError, match=r'looked, seed 0 needs .*full/seed0, which is not done: add full to --only'):
        studies.run_studies([study], setting, only=['looked'])
    studies.run_studies([study], setting, only=['full'])
    studies.run_studies([study], replace(setting, amp=False), only=['looked'])
    assert [record['amp'] for record in studies.read_done(study, root / 'out')] == [True, True]


def test_data_are_made_once_and_again_where_a_kill_has_left_a_part(root: Path) -> None:
    first, second = root / 'out', root / 'other'
    studies.run_study(STAGES, first, root=root, only=['token'])
    studies.run_study(STAGES, second, root=root, only=['token'])
    assert [call[0] for call in calls(root)].count('make.py') == 1
    job = studies.plan([STAGES], Setting(root, root / 'third'), only=['token'])[0]
    assert job.done
    job.run()  # another process has made them since the start
    assert calls(root) == []
    (root / 'data').rmdir()
    (root / 'tools' / 'make.py').write_text("import sys; from pathlib import Path; Path('data').mkdir(); sys.exit(1)")
    with pytest.raises(RuntimeError, match=r'make\.py ended with code 1'):
        studies.run_study(STAGES, first, root=root, only=['token'])
    assert not job.done


def test_mixed_precision_is_for_the_runs_that_may(root: Path) -> None:
    study = Study('one', '', (Run('a', 'a.py', scored=False), Run('b', 'b.py', scored=False, amp=False)))
    studies.run_studies([study], Setting(root, root / 'out', amp=True, facts={'device': ''}))
    assert [('--amp' in call) for call in calls(root)] == [True, False]
    assert [record['amp'] for record in studies.read_done(study, root / 'out')] == [True, False]


@pytest.mark.parametrize('text', ['', 'null', '[]', '{}', '[' * 100_000, '{"run": "r", "seed": "0", "metrics": {}}'])
def test_damaged_records_are_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / 'metrics.json'
    file.write_text(text)
    with pytest.raises(ValueError, match=r'metrics\.json'):
        read_record(file)
