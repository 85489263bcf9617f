"""Make the runs of studies: train, test, write the record; what is done is not done again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..utils.files import write_json
from ..utils.steps import Say
from .call import call_tool
from .record import keep_record, read_record, record_file, replaces
from .schedule import Job, run_jobs
from .seed_statistics import SeedStatistics
from .study import Preparation, Run, Study
from .train_and_test import Setting, train_and_test

ONE_EPOCH = 'train_cfg.max_epochs=1'


def run_study(
    study: Study,
    out: Path,
    *,
    root: Path,
    seeds: Sequence[int] | None = None,
    only: Sequence[str] | None = None,
    amp: bool = False,
    say: Say = lambda text: None,
) -> list[dict]:
    """Run a study, one run at a time; return its records (:func:`run_studies`)."""
    setting = Setting(root, out, amp=amp)
    run_studies([study], setting, seeds=seeds, only=only, say=say)
    return read_done(study, out)


def run_studies(
    studies: Sequence[Study],
    setting: Setting,
    *,
    seeds: Sequence[int] | None = None,
    only: Sequence[str] | None = None,
    workers: int = 1,
    records: Path | None = None,
    say: Say = lambda text: None,
) -> None:
    """Make the runs of studies, the first seed of all before the second; the records are in <out>/<study>.json too.

    Stopped and started again it goes on: finished runs have their metrics.json, an unfinished training is resumed
    from its newest checkpoint.

    Args:
        studies: studies to run.
        setting: where and how.
        seeds: seeds in place of the studies'.
        only: names of the runs wanted; what they need has to be there.
        workers: runs at a time.
        records: folder that gets the record of every run.
        say: called with a line for each run.

    Raises:
        ValueError: a run that no study has.
        RuntimeError: a tool failed; names its log.
    """
    jobs = plan(studies, setting, seeds=seeds, only=only, records=records)
    try:
        run_jobs(jobs, workers=workers, say=say)
    finally:
        for study in studies:
            write_json(read_done(study, setting.out), setting.out / f'{study.name}.json')


def plan(
    studies: Sequence[Study],
    setting: Setting,
    *,
    seeds: Sequence[int] | None = None,
    only: Sequence[str] | None = None,
    records: Path | None = None,
) -> list[Job]:
    """Return what is to be made, in order: data, then the runs of all studies seed by seed.

    Raises:
        ValueError: a run that no study has, that has been made in another precision, or that needs one left out.
    """
    wanted = {study.name: pick_runs(study, studies, only) for study in studies}
    jobs: dict[Path, Job] = {}
    for study in studies:
        for preparation in study.prepare if wanted[study.name] else ():
            job = prepare_job(preparation, setting)
            jobs.setdefault(job.key, job)
    for seed in dict.fromkeys(seed for study in studies for seed in seeds or study.seeds):
        for study in studies:
            for run in wanted[study.name] if seed in (seeds or study.seeds) else ():
                job = run_job(run, study, seed, setting, records=records)
                jobs.setdefault(job.key, job)
    check_needs(list(jobs.values()))
    return list(jobs.values())


def pick_runs(study: Study, studies: Sequence[Study], only: Sequence[str] | None) -> tuple[Run, ...]:
    """Return the runs of a study that are wanted.

    Raises:
        ValueError: a name that none of the studies has.
    """
    if len(studies) == 1:
        return study.pick(only)
    known = {run.name for other in studies for run in other.runs}
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise ValueError(f'there is no run {unknown[0]!r} in {", ".join(other.name for other in studies)}')
    return tuple(run for run in study.runs if only is None or run.name in only)


def prepare_job(preparation: Preparation, setting: Setting) -> Job:
    """Return the job that makes data or weights; a marker beside them is there when it is done."""
    made = setting.cwd / preparation.makes
    marker = made.with_name(f'.{made.name}.complete')  # what a stopped tool has made so far is there too

    def begin() -> bool:
        if job.done:  # by another process, meanwhile
            return False
        marker.unlink(missing_ok=True)
        return True

    def make() -> None:
        log = made.with_name(f'{made.name}.log')
        call_tool(setting.root, preparation.command, log=log, cwd=setting.cwd, begin=begin)
        marker.touch()

    job = Job(' '.join(preparation.command), made, (), (made, marker), make)
    return job


def run_job(run: Run, study: Study, seed: int, setting: Setting, *, records: Path | None) -> Job:
    """Return the job that makes a run and its record.

    Raises:
        ValueError: the run has been made in another precision.
    """
    work_dir = setting.out / run.work_dir(study.name, seed)
    needs = [setting.out / study.find(name).work_dir(study.name, seed) for name in run.needs()]
    needs += [setting.cwd / preparation.makes for preparation in study.prepare]
    file = record_file(records, run, study.name, seed) if records else None
    files = (work_dir / 'metrics.json', *([file] if file else []))
    if files[0].exists():
        check_precision(run, read_record(files[0]), work_dir, amp=setting.amp)

    def make() -> None:
        if not files[0].exists():
            train_and_test(run, study, seed, setting)
        if file:
            keep_record(work_dir, file)

    def is_current() -> bool:
        return file is None or not replaces(work_dir, file)

    return Job(f'{run.home or study.name}: {run.name}, seed {seed}', work_dir, tuple(needs), files, make, is_current)


def check_precision(run: Run, record: dict, work_dir: Path, *, amp: bool) -> None:
    """Check that a run that is done was trained in the precision that is asked for.

    Raises:
        ValueError: it was not.
    """
    before = record.get('amp')
    if run.amp and not run.evaluates and before is not None and before != amp:
        was, now = ('--amp', '--no-amp') if before else ('--no-amp', '--amp')
        raise ValueError(
            f'{work_dir} was trained with {was} and is now asked for with {now}: give {was}, or name another --out.'
        )


def check_needs(jobs: Sequence[Job]) -> None:
    """Check that the runs that jobs need are done or among them.

    Raises:
        ValueError: a run that is left out and was never made.
    """
    keys = {job.key for job in jobs}
    for job in jobs:
        left_out = [] if job.done else [need for need in job.needs if need not in keys]
        for need in left_out:
            if not (need / 'metrics.json').exists():
                raise ValueError(f'{job.title} needs {need}, which is not done: add {need.parent.name} to --only.')


def read_done(study: Study, out: Path) -> list[dict]:
    """Return the records of all runs of a study that are done in a folder, by run and seed."""
    return list(_read_done(study, out))


def _read_done(study: Study, out: Path) -> Iterator[dict]:
    for run in study.runs:
        paths = (out / (run.home or study.name) / run.name).glob('*/metrics.json')
        yield from sorted((read_record(path) for path in paths), key=lambda record: record['seed'])


def shrink(study: Study) -> Study:
    """Return a study on a few images, with one epoch a training and one seed, to try whether all of it runs."""

    def few(command: tuple[str, ...]) -> tuple[str, ...]:
        sizes = {'--images': '24', '--val': '8'}
        before = ('', *command)
        return tuple(
            sizes[last] if last in sizes and word != '0' else word for last, word in zip(before, command, strict=False)
        )

    prepare = tuple(replace(preparation, command=few(preparation.command)) for preparation in study.prepare)
    runs = tuple(run if run.evaluates else replace(run, options=(*run.options, ONE_EPOCH)) for run in study.runs)
    return replace(study, prepare=prepare, runs=runs, seeds=study.seeds[:1])


def table(records: Sequence[dict]) -> str:
    """Return a Markdown table: mean and sample standard deviation of every metric over the seeds of a run."""
    lines = ['| run | seeds | metric | mean | SD |', '|---|---|---|---|---|']
    for name in dict.fromkeys(record['run'] for record in records):
        own = [record['metrics'] for record in records if record['run'] == name]
        for metric in dict.fromkeys(key for metrics in own for key in metrics):
            found = SeedStatistics.of(records, name, metric)
            assert found is not None
            std = '-' if found.std is None else f'{found.std:.4f}'
            lines.append(f'| {name} | {found.num_seeds} | {metric} | {found.mean:.4f} | {std} |')
    return '\n'.join(lines)
