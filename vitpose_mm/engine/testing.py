"""What tools/test.py tests, where it is not all of the test set or more than one checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..checkpoints import judge
from ..datasets.metainfo import metainfo_of


def choose_dataset(cfg: Config, name: str) -> None:
    """Keep the subsets of the test set that are of one dataset, and their metrics.

    Args:
        cfg: whole config; changed in place.
        name: of a subset, or the dataset_name of one or more.

    Raises:
        ValueError: the test set has nothing of the dataset.
    """
    dataset, scope = cfg.test_dataloader.dataset, cfg.get('default_scope') or 'mmpose'
    subsets = dataset.get('datasets')
    if not isinstance(subsets, Mapping):
        own = [metainfo_of(one, scope=scope).get('dataset_name') for one in subsets or [dataset]]
        if set(own) != {name}:
            raise ValueError(f'--dataset {name}: the test set is of {", ".join(map(str, own))} and has no named parts.')
        return
    names = {key: metainfo_of(one, scope=scope).get('dataset_name') for key, one in subsets.items()}
    kept = [key for key, own in names.items() if name in (key, own)]
    if not kept:
        parts = ', '.join(f'{key} (of {own})' for key, own in names.items())
        raise ValueError(f'--dataset {name}: the test set has the parts {parts}: choose one of these.')
    dataset.datasets = {key: subsets[key] for key in kept}
    evaluators = cfg.test_evaluator if isinstance(cfg.test_evaluator, (list, tuple)) else [cfg.test_evaluator]
    for evaluator in evaluators:
        subset_metrics = evaluator.get('subsets')
        if isinstance(subset_metrics, Mapping):
            evaluator.subsets = {key: subset_metrics[key] for key in kept if key in subset_metrics}


def use_ensemble(cfg: Config, given: Sequence[str]) -> None:
    """Test the mean of several models: CHECKPOINT of the config's model, or CONFIG=CHECKPOINT of another's.

    Raises:
        ValueError: a file that is not there or cannot be read.
    """
    models: list[Any] = []
    checkpoints = []
    for one in given:
        config, mark, checkpoint = one.partition('.py=')
        checkpoints.append(checkpoint if mark else one)
        if mark and not Path(config + '.py').is_file():
            raise ValueError(f'{config}.py does not exist: give the config of {checkpoint}, as CONFIG.py=CHECKPOINT.')
        models.append(Config.fromfile(config + '.py').model if mark else cfg.model.copy())
        judge(checkpoints[-1])
    cfg.model = dict(type='vitpose_mm.PoseEnsemble', members=models, checkpoints=checkpoints)
    cfg.load_from = None
