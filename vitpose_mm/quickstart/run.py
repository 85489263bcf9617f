"""The steps of the quick start and their order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from mmengine.config import Config

from ..inference.demo import Demo, DemoOptions
from ..synthetic import generate
from ..utils.machine import count_cores
from ..utils.steps import Say, Step, duration, run_steps
from ..version import __version__
from .outcomes import Result, forget_other_settings, read_outcome, record_outcome, remove_damaged
from .parallel_training import Training, train_in_parallel
from .plan import DETECTOR, FAST, POSE, WHOLE, Plan, QuickstartPaths
from .summary import BOX_COLUMNS, POSE_COLUMNS, draw_curves, score_table, time_table
from .train_and_test import load, test

LOW_SCORES = (
    'FAST=1 trains for about two minutes: pose APs of .06 to .33 are expected; `make demo` reaches .55 in ground-truth '
    'boxes (docs/results.md).'
)


def run_quickstart(out: str | Path, configs: str | Path, *, fast: bool = False, say: Say) -> None:
    """Run the quick start: render people, train a detector and a pose model, score both, draw pictures.

    Args:
        out: folder for everything; the fast version works in its subfolder fast/.
        configs: folder with the two configs of the quick start.
        fast: about 5 minutes on two cores instead of 20.
        say: gets the lines for the user.
    """
    plan = FAST if fast else WHOLE
    paths = QuickstartPaths(Path(out) / 'fast' if fast else Path(out), Path(configs))
    steps = make_steps(plan, paths)
    total = duration(sum(plan.minutes.values()))
    say(f'Quick start into {paths.out}: {len(steps)} steps, {total} on two cores. It can be stopped and run again.')
    results = [paths.held_out, paths.work_dir(DETECTOR), paths.work_dir(POSE)]
    forget_other_settings(paths.outcomes, _settings(plan, paths), results=results)
    for name in steps:
        remove_damaged(paths.outcome(name))
    ran = run_steps(list(steps.values()), say=say, repeat_later=True)
    outcomes = {name: read_outcome(paths.outcome(name)) for name in steps}
    draw_curves(paths.curves, {'detector': paths.work_dir(DETECTOR), 'pose': paths.work_dir(POSE)})
    say('\n' + score_table(outcomes))
    titles = [step.title + ('' if now else ' (done before)') for step, now in zip(steps.values(), ran, strict=True)]
    say('\n' + time_table(dict(zip(titles, (outcome.seconds for outcome in outcomes.values()), strict=True))))
    if fast:
        say('\n' + LOW_SCORES)
    say(f'\npictures:    {paths.pictures}\nloss curves: {paths.curves}')


def make_steps(plan: Plan, paths: QuickstartPaths) -> dict[str, Step]:
    """Return the steps by name, in order."""
    table: list[tuple[str, str, Callable[[Plan, QuickstartPaths], Result]]] = [
        ('render', f'render {plan.images} + {plan.val_images} images of people', render),
        ('train', 'train a person detector (RTMDet) and a small ViTPose, side by side', train_both),
        ('boxes', 'detect people in the validation images', find_boxes),
        ('truth', 'score the poses in ground-truth boxes', partial(score_pose, detected=False)),
        ('detected', 'score the poses in detected boxes', partial(score_pose, detected=True)),
        ('pictures', f'draw the poses in {plan.demo_images} held-out images', draw_pictures),
    ]
    steps = {}
    for name, title, do in table:
        file = paths.outcome(name)
        run = partial(record_outcome, file, partial(do, plan, paths))
        steps[name] = Step(title, (file,), run, minutes=plan.minutes[name])
    return steps


def _settings(plan: Plan, paths: QuickstartPaths) -> Result:
    """Everything that results depend on: the version, the plan and the configs, bases included."""
    configs = {name: Config.fromfile(paths.configs / name).to_dict() for name in (DETECTOR, POSE)}
    kept = {key: value for key, value in asdict(plan).items() if key != 'minutes'}
    return json.loads(json.dumps({'version': __version__, 'plan': kept, 'configs': configs}, default=str))


def render(plan: Plan, paths: QuickstartPaths) -> Result:
    """Render training, validation and held-out images."""
    workers = count_cores()
    people = generate(paths.data, plan.images, val=plan.val_images, seed=plan.seed, size=plan.size, workers=workers)
    generate(paths.held_out, plan.demo_images, seed=plan.seed + 1, size=plan.demo_size, workers=workers)
    return people


def train_both(plan: Plan, paths: QuickstartPaths) -> Result:
    """Train both models, each resumed where it was interrupted."""
    titles = {DETECTOR: 'detector', POSE: 'pose    '}
    train_in_parallel([
        Training(paths.configs / config, paths.data, paths.work_dir(config), plan.epochs(config), title)
        for config, title in titles.items()
    ])  # fmt: skip
    return {}


def find_boxes(plan: Plan, paths: QuickstartPaths) -> Result:
    """Score the detector and write its boxes of the validation images."""
    cfg = load(paths.configs / DETECTOR, paths.data, work_dir=paths.work_dir(DETECTOR))
    paths.boxes.parent.mkdir(parents=True, exist_ok=True)
    cfg.test_evaluator.outfile_prefix = str(paths.boxes).removesuffix('.bbox.json')
    nothing_found = dict.fromkeys(BOX_COLUMNS.values(), 0.0)  # MMDetection's metric gives no value then
    return nothing_found | test(cfg, _checkpoint(plan, paths, DETECTOR))


def score_pose(plan: Plan, paths: QuickstartPaths, *, detected: bool) -> Result:
    """Return AP and AR of the pose model on one kind of boxes."""
    cfg = load(paths.configs / POSE, paths.data, work_dir=paths.work_dir(POSE))
    if detected:
        if not any(found['score'] > plan.least_score for found in json.loads(paths.boxes.read_text())):
            return dict.fromkeys(POSE_COLUMNS.values(), 0.0)
        cfg.test_dataloader.dataset.bbox_file = str(paths.boxes)
        cfg.test_dataloader.dataset.filter_cfg = {'bbox_score_thr': plan.least_score}
    return test(cfg, _checkpoint(plan, paths, POSE))


def draw_pictures(plan: Plan, paths: QuickstartPaths) -> Result:
    """Run the top-down demo on the held-out images."""
    options = DemoOptions(
        det_config=str(paths.configs / DETECTOR),
        det_checkpoint=_checkpoint(plan, paths, DETECTOR),
        pose_config=str(paths.configs / POSE),
        pose_checkpoint=_checkpoint(plan, paths, POSE),
        input=str(paths.held_out / 'train'),
        output_root=str(paths.pictures),
        save_predictions=True,
        draw_bbox=True,
    )
    return {'unreadable': Demo(options).run()}


def _checkpoint(plan: Plan, paths: QuickstartPaths, config: str) -> str:
    return str(paths.work_dir(config) / f'epoch_{plan.epochs(config)}.pth')
