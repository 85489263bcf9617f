"""Both stages one after the other, from the config of a distillation to a model that stands alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import barrier, init_dist, is_distributed, is_main_process
from mmengine.model import is_model_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from ..checkpoints import load_file, newest_readable
from ..checkpoints.writing import save_file
from ..checks.compatibility import check_compatibility
from ..checks.preflight import check_config
from ..engine.hooks.progress_hook import ProgressHook
from ..engine.log_redirect import redirect_log
from ..engine.train import build_runner, limit_waiting, run_training
from ..models.distillers.knowledge_token import student_weights
from ..models.distillers.token_file import load_token, save_token
from ..registry import MODELS
from ..utils.files import write_json
from ..utils.steps import Say, Step, run_steps
from .crops import labelled_validation_set
from .init_student import write_initial_weights
from .paths import DistillationPaths
from .stage_configs import (
    check_distillation,
    checked_config,
    deploy_config,
    given_token,
    has_token,
    student_of,
    teacher_of,
    training_config,
    tuning_config,
)
from .validation_loss import student_loss, teacher_losses
from .work_dir_check import check_work_dir, settings_of


class Distillation:
    """One distillation in one work folder; a run continues where another was stopped.

    Args:
        cfg: whole config, with ``model.teacher_checkpoint`` and ``work_dir``.
        say: gets a line for each step.
        progress: whether trainings show a line of progress.
    """

    def __init__(self, cfg: Config, *, say: Say, progress: bool = True) -> None:
        check_distillation(cfg)
        self.cfg, self.say, self.progress = cfg, say, progress
        self.paths = DistillationPaths(Path(cfg.work_dir))
        self.given = given_token(cfg)
        if self.given is not None:
            load_token(self.given)

    def run(self, *, resume: bool = False) -> Path:
        """Run the steps that are not done yet; return the file of the deployed weights.

        Raises:
            ValueError: the folder holds another distillation, or this one and ``resume`` is not set.
        """
        if self.cfg.get('launcher', 'none') != 'none' and not is_distributed():
            init_dist(self.cfg.launcher, **(self.cfg.get('env_cfg') or {}).get('dist_cfg', {}))
        init_default_scope(self.cfg.get('default_scope') or 'mmpose')
        settings = self.paths.root / 'settings.json'
        if is_main_process():
            check_work_dir(settings, self.cfg, resume=resume)
        checked = checked_config(self.cfg)
        for note in check_config(checked):
            self._tell(note)
        self.checked_cfg = checked
        check_compatibility(student_of(self.cfg), teacher_of(self.cfg))
        if self.cfg.get('val_dataloader'):
            labelled_validation_set(self.checked_cfg)[0]
        if is_main_process() and not (settings.exists() and any(self.paths.root.rglob('*.pth'))):
            write_json(settings_of(self.cfg), settings)
        barrier()
        run_steps(self._steps(), say=self._tell)
        return self.paths.deploy

    def _steps(self) -> list[Step]:
        steps = [
            Step('initialise the student', (self.paths.start,), self._start),
            Step('train the student', (self.paths.deploy,), self._train),
        ]
        if has_token(self.cfg) and self.given is None:
            steps.insert(0, Step('tune the token with the teacher', (self.paths.tuned,), self._tune))
        return steps

    def _tune(self) -> None:
        stage = tuning_config(self.cfg, self.paths.root / 'token_tuning')
        model = self._fit(stage, 'token')
        token = model.token.detach().cpu()
        if not is_main_process():
            return
        if self.cfg.get('val_dataloader'):
            self._note(teacher_losses(self.checked_cfg, model.teacher, model.token.detach()))
        save_token(token, self.paths.tuned)

    def _start(self) -> None:
        if not is_main_process():
            return
        tuned = self.given or (self.paths.tuned if has_token(self.cfg) else None)
        with redirect_log(checked_config(self.cfg), 'distillation'):
            found = write_initial_weights(self.cfg, tuned=tuned, token=self.paths.token, start=self.paths.start)
        self._note(found)

    def _train(self) -> None:
        token = self.paths.token if has_token(self.cfg) else None
        stage = training_config(self.cfg, self.paths.root / 'student', start=self.paths.start, token=token)
        model = self._fit(stage, 'student')
        if not is_main_process():
            return
        last = newest_readable(stage.work_dir)
        assert last is not None, 'the training has saved nothing'
        checkpoint = load_file(last)
        config, weights = deploy_config(self.cfg), student_weights(checkpoint['state_dict'])
        if self.cfg.get('val_dataloader'):
            deployed = MODELS.build(config.model)
            deployed.load_state_dict(weights)
            self._note(student_loss(self.checked_cfg, deployed.to(next(model.parameters()).device)))
        config.dump(self.paths.deploy.with_suffix('.py'))
        meta = {'dataset_meta': checkpoint['meta'].get('dataset_meta')}
        save_file(weights, self.paths.deploy, meta=meta)
        self._tell(f'{self.paths.deploy} and {self.paths.deploy.with_suffix(".py")} need no distiller')

    def _fit(self, stage: Config, title: str) -> Any:
        """Train the model of a stage's config, from where it was stopped; return it."""
        with redirect_log(stage, 'distillation'):
            newest = newest_readable(stage.work_dir)
            if newest is not None:
                stage.load_from, stage.resume = str(newest), True
            check_config(stage)
            limit_waiting(stage)
            runner: Runner = build_runner(stage)
            if self.progress and is_main_process():
                runner.register_hook(ProgressHook(title))
            run_training(runner)
        model = runner.model
        return model.module if is_model_wrapper(model) else model

    def _tell(self, text: str) -> None:
        if is_main_process():
            self.say(text)

    def _note(self, figures: dict[str, float]) -> None:
        notes = json.loads(self.paths.notes.read_text()) if self.paths.notes.exists() else {}
        write_json({**notes, **figures}, self.paths.notes)
        for name, figure in figures.items():
            self._tell(f'{name} {figure:.4g}')
