"""The stages of the quick start and their order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from mmengine.config import Config

from ..datasets.synthetic import generate
from ..inference.demo import Demo, DemoOptions
from ..utils.machine import count_cores
from ..version import __version__
from .plan import DETECTOR, FAST, POSE, WHOLE, Places, Plan
from .report import BOX_COLUMNS, POSE_COLUMNS, draw_curves, score_table, time_table
from .running import load, test
from .stages import Result, Stage, duration, forget_other_settings, run_stages
from .together import Training, train_together


def run(out: str | Path, configs: str | Path, *, fast: bool = False, say: Callable[[str], None]) -> None:
    """Renders people, trains a detector and a pose model, scores both, draws pictures, tells what came of it.

    Args:
        out: folder for everything; the fast version works in its subfolder fast/.
        configs: folder with the two configs of the quick start.
        fast: about 5 minutes on two cores instead of 20.
        say: gets the lines for the user.
    """
    plan = FAST if fast else WHOLE
    places = Places(Path(out) / 'fast' if fast else Path(out), Path(configs))
    stages = make_stages(plan, places)
    total = duration(sum(stage.minutes for stage in stages))
    say(f'Quick start into {places.out}: {len(stages)} stages, {total} on two cores. It can be stopped and run again.')
    notes = places.out / 'stages'
    results = [places.held_out, places.work_dir(DETECTOR), places.work_dir(POSE)]
    forget_other_settings(notes, _settings(plan, places), results=results)
    outcomes = run_stages(stages, notes, say=say)
    draw_curves(places.curves, {'detector': places.work_dir(DETECTOR), 'pose': places.work_dir(POSE)})
    say('\n' + score_table(outcomes))
    say('\n' + time_table(outcomes, {stage.name: stage.says for stage in stages}))
    say(f'\npictures:    {places.pictures}\nloss curves: {places.curves}')


def make_stages(plan: Plan, places: Places) -> list[Stage]:
    """Plan and folders -> the stages in order."""
    table: list[tuple[str, str, Callable[[Plan, Places], Result]]] = [
        ('render', f'render {plan.images} + {plan.val_images} images of people', render),
        ('train', 'train a person detector (RTMDet) and a small ViTPose, side by side', train_both),
        ('boxes', 'detect people in the validation images', find_boxes),
        ('truth', 'score the poses in ground-truth boxes', partial(score_pose, detected=False)),
        ('detected', 'score the poses in detected boxes', partial(score_pose, detected=True)),
        ('pictures', f'draw the poses in {plan.demo_images} held-out images', draw_pictures),
    ]
    return [Stage(name, says, plan.minutes[name], partial(do, plan, places)) for name, says, do in table]


def _settings(plan: Plan, places: Places) -> Result:
    """Everything that results depend on: the version, the plan and the configs, bases included."""
    configs = {name: Config.fromfile(places.configs / name).to_dict() for name in (DETECTOR, POSE)}
    kept = {key: value for key, value in asdict(plan).items() if key != 'minutes'}
    return json.loads(json.dumps({'version': __version__, 'plan': kept, 'configs': configs}, default=str))


def render(plan: Plan, places: Places) -> Result:
    """Training, validation and held-out images."""
    workers = count_cores()
    people = generate(places.data, plan.images, val=plan.val_images, seed=plan.seed, size=plan.size, workers=workers)
    generate(places.held_out, plan.demo_images, seed=plan.seed + 1, size=plan.demo_size, workers=workers)
    return people


def train_both(plan: Plan, places: Places) -> Result:
    """The two trainings, each resumed where it was interrupted."""
    titles = {DETECTOR: 'detector', POSE: 'pose    '}
    train_together([
        Training(places.configs / config, places.data, places.work_dir(config), plan.epochs(config), title)
        for config, title in titles.items()
    ])  # fmt: skip
    return {}


def find_boxes(plan: Plan, places: Places) -> Result:
    """Scores the detector and writes its boxes of the validation images."""
    cfg = load(places.configs / DETECTOR, places.data, work_dir=places.work_dir(DETECTOR))
    places.boxes.parent.mkdir(parents=True, exist_ok=True)
    cfg.test_evaluator.outfile_prefix = str(places.boxes).removesuffix('.bbox.json')
    nothing_found = dict.fromkeys(BOX_COLUMNS.values(), 0.0)  # the host's metric says no figure then
    return nothing_found | test(cfg, _checkpoint(plan, places, DETECTOR))


def score_pose(plan: Plan, places: Places, *, detected: bool) -> Result:
    """AP and AR of the pose model on one kind of boxes."""
    cfg = load(places.configs / POSE, places.data, work_dir=places.work_dir(POSE))
    if detected:
        if not any(found['score'] > plan.least_score for found in json.loads(places.boxes.read_text())):
            return dict.fromkeys(POSE_COLUMNS.values(), 0.0)
        cfg.test_dataloader.dataset.bbox_file = str(places.boxes)
        cfg.test_dataloader.dataset.filter_cfg = {'bbox_score_thr': plan.least_score}
    return test(cfg, _checkpoint(plan, places, POSE))


def draw_pictures(plan: Plan, places: Places) -> Result:
    """The top-down demo on the held-out images."""
    options = DemoOptions(
        det_config=str(places.configs / DETECTOR),
        det_checkpoint=_checkpoint(plan, places, DETECTOR),
        pose_config=str(places.configs / POSE),
        pose_checkpoint=_checkpoint(plan, places, POSE),
        input=str(places.held_out / 'train'),
        output_root=str(places.pictures),
        save_predictions=True,
        draw_bbox=True,
    )
    return {'unreadable': Demo(options).run()}


def _checkpoint(plan: Plan, places: Places, config: str) -> str:
    return str(places.work_dir(config) / f'epoch_{plan.epochs(config)}.pth')
