"""Trained models by name: ViTPose with the weights that MMPose releases, and MMDetection's RTMDet.

A name is that of an entry with weights in our metafiles or in the one of RTMDet that MMDetection installs, or its
alias: ``vitpose_base``, ``vitpose_base_simple``, ``rtmdet-m``; case does not count, nor do _ and - differ.
MMPoseInferencer(..., scope='vitpose_mm') and ``mim download vitpose_mm --config`` read the same entries. Nothing heavy
is imported here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import yaml

DEFAULT_POSE = 'vitpose_base'
DEFAULT_DETECTOR = 'rtmdet'  # the middle size


class ModelFiles(NamedTuple):
    """What a model is loaded from."""

    config: str  # a file, or package::path as in 'vitpose_mm::coco/NAME.py'
    checkpoint: str  # a file or an address


ModelName = str | tuple[str, str]  # of the zoo, or (config, checkpoint)


def find_pose_model(model: ModelName) -> ModelFiles:
    """Find the config and the checkpoint of a pose model; those of a (config, checkpoint) are the ones given.

    Raises:
        ValueError: the zoo has no pose model of this name.

    Example:
        >>> find_pose_model('vitpose_base').config
        'vitpose_mm::coco/vitpose_base_classic_coco-256x192.py'
    """
    return _find(model, pose_models(), 'pose model')


def find_detector(model: ModelName) -> ModelFiles:
    """Find the config and the checkpoint of a detector; those of a (config, checkpoint) are the ones given.

    Raises:
        ValueError: the zoo has no detector of this name.
    """
    return _find(model, detectors(), 'detector')


@functools.cache
def pose_models() -> dict[str, ModelFiles]:
    """Return every pose model by its name and by its alias."""
    folder = Path(__file__).parent / '.mim'
    index = yaml.safe_load((folder / 'model-index.yml').read_text(encoding='utf-8'))
    return dict(_entries('vitpose_mm', folder, index['Import']))


@functools.cache
def detectors() -> dict[str, ModelFiles]:
    """Return every detector by its name and by its alias."""
    package = find_spec('mmdet')
    if package is None or package.origin is None:
        raise ValueError('mmdet is not installed: install it, or give the boxes of the people.')
    folder = Path(package.origin).parent / '.mim'
    found = dict(_entries('mmdet', folder, ['configs/rtmdet/metafile.yml']))
    return {**found, DEFAULT_DETECTOR: found['rtmdet-m']}


def parse_models(words: Sequence[str]) -> tuple[ModelFiles | None, ModelFiles]:
    """Read the words of a command line as a detector and a pose model, each a name or a config and its checkpoint.

    Without words both are the default ones; a single name is that of the detector or of the pose model. The detector
    'none' is None: every image is one person.

    Raises:
        ValueError: an unknown name, a config without its checkpoint, or more than two models.
    """
    models = list(_group(words))
    if len(models) == 1:
        name = models[0]
        detects = name == 'none' or (isinstance(name, str) and _look_up(name, detectors()) is not None)
        models = [models[0], DEFAULT_POSE] if detects else [DEFAULT_DETECTOR, models[0]]
    if len(models) > 2:
        raise ValueError(f'{len(models)} models are named: give a detector and a pose model.')
    detector, pose = models or (DEFAULT_DETECTOR, DEFAULT_POSE)
    return None if detector == 'none' else find_detector(detector), find_pose_model(pose)


def parse_pose_models(words: Sequence[str]) -> list[ModelName]:
    """Read the words of a command line as pose models, each a name or a config and its checkpoint.

    Raises:
        ValueError: an unknown name, a config without its checkpoint, or a file that does not exist.
    """
    models = list(_group(words))
    for model in models:
        _check_files(find_pose_model(model))
    return models


def parse_detector(words: Sequence[str]) -> ModelName | None:
    """Read the words of a flag as a detector: its name, its config and its checkpoint, or 'none' for none.

    Raises:
        ValueError: an unknown name, a config without its checkpoint, a file that does not exist, or more than one.
    """
    models = list(_group(words))
    if len(models) != 1:
        raise ValueError(f'--detector {" ".join(words)}: give one detector.')
    if models == ['none']:
        return None
    _check_files(find_detector(models[0]))
    return models[0]


def _check_files(files: ModelFiles) -> None:
    """Raise ValueError where a config or checkpoint is not there, before another model is loaded or downloaded."""
    if '::' not in files.config and not Path(files.config).is_file():
        raise ValueError(f'there is no config {files.config}: give the path of a .py config, or a name of the zoo.')
    if '://' not in files.checkpoint and not Path(files.checkpoint).is_file():
        raise ValueError(f'there is no checkpoint {files.checkpoint}: give the path or the address of the weights.')


def _group(words: Iterable[str]) -> Iterator[ModelName]:
    """Yield each name, and each config with the word after it."""
    rest = iter(words)
    for word in rest:
        if not word.endswith('.py'):
            yield word
            continue
        checkpoint = next(rest, None)
        if checkpoint is None:
            raise ValueError(f'{word} is a config without a checkpoint: give its checkpoint after it.')
        yield word, checkpoint


def _find(model: ModelName, known: dict[str, ModelFiles], kind: str) -> ModelFiles:
    if not isinstance(model, str):
        config, checkpoint = model
        return ModelFiles(str(config), str(checkpoint))
    found = _look_up(model, known)
    if found is None:
        aliases = [name for name in known if not known[name].config.endswith(f'/{name}.py')]
        raise ValueError(
            f'{model!r} is not a {kind} of the zoo: choose one of {", ".join(sorted(aliases))}, '
            f'or give a config and a checkpoint.'
        )
    return found


def _look_up(name: str, known: dict[str, ModelFiles]) -> ModelFiles | None:
    """Return the model of a name; case does not count, nor do _ and - differ."""
    spelling = {other.lower().replace('_', '-'): files for other, files in known.items()}
    return spelling.get(name.lower().replace('_', '-'))


def _entries(package: str, folder: Path, metafiles: Iterable[str]) -> Iterator[tuple[str, ModelFiles]]:
    """Yield the models with weights, by name and alias, of metafiles in a package's .mim folder."""
    for metafile in metafiles:
        for entry in yaml.safe_load((folder / metafile).read_text(encoding='utf-8'))['Models']:
            if not entry.get('Weights'):
                continue
            config = entry['Config'].removeprefix('configs/')
            files = ModelFiles(f'{package}::{config}', entry['Weights'])
            aliases = entry.get('Alias', [])
            for name in (entry['Name'], *([aliases] if isinstance(aliases, str) else aliases)):
                yield name, files
