"""The studies on rendered people: runs of a study differ in what they are named for alone."""

from __future__ import annotations

from typing import Any

import pytest
from mmengine.config import Config

from tests.helpers.shipped_configs import with_options
from vitpose_mm.studies.alternatives import ALTERNATIVES
from vitpose_mm.studies.rendered import (
    ATTENTION,
    DATA,
    DECODERS,
    OTHER,
    PARTIAL,
    PRETRAINING,
    RESOLUTION,
    SCALE,
    STUDIES,
)
from vitpose_mm.studies.run import shrink
from vitpose_mm.studies.study import Run, Study

RUNS = [
    pytest.param(study, run, id=f'{study.name}/{run.name}')
    for study in (*STUDIES, ALTERNATIVES)
    for run in study.runs
    if not run.home
]


def read(study: Study, name: str) -> Config:
    """Return the config of a run's training with its options in it."""
    run = study.find(name)
    return with_options(run.train, run.options)


def backbone(study: Study, name: str) -> dict[str, Any]:
    return read(study, name).model.backbone.to_dict()


@pytest.mark.parametrize(('study', 'run'), RUNS)
def test_training_and_test_are_of_one_model_and_the_studys_data(study: Study, run: Run) -> None:
    train, test = with_options(run.train, run.options), with_options(run.test or run.train, run.test_options)
    if run.scored:
        assert test.test_dataloader.dataset.data_root == f'{DATA}/'
        assert test.test_evaluator.ann_file.startswith(f'{DATA}/')
    if run.evaluates:
        return
    assert train.train_dataloader.num_workers == 0 and not train.train_dataloader.persistent_workers
    assert train.train_dataloader.dataset.datasets[0].data_root == f'{OTHER if run.name == "mae_others" else DATA}/'
    if run.scored:
        assert train.train_cfg.max_epochs == (4 if '4_epochs' in run.name else 1)
        assert train.param_scheduler[-1].get('T_max', train.train_cfg.max_epochs) == train.train_cfg.max_epochs
        trained, tested = (cfg.model.to_dict() for cfg in (train, test))
        for model in (trained, tested):  # where it starts from and what is frozen do not matter to a test
            model['backbone'].pop('init_cfg', None)
            model['backbone'].pop('frozen_parts', None)
        assert tested == trained


def test_decoders_and_widths() -> None:
    kinds = {run.name: read(DECODERS, run.name).model for run in DECODERS.runs}
    assert [model.head.type[11:] for model in kinds.values()] == ['ClassicHead', 'SimpleHead'] * 3
    assert kinds['vit_classic'].backbone == kinds['vit_simple'].backbone
    assert kinds['resnet_classic'].backbone == kinds['resnet_simple'].backbone
    assert kinds['resnet_classic'].head.num_channels == kinds['vit_classic'].head.num_channels == 64
    widths = {run.name: read(SCALE, run.name).model for run in SCALE.runs}
    assert [model.backbone.arch.embed_dims for model in widths.values()] == [192, 96, 384]
    for model in widths.values():
        assert model.head.in_channels == model.backbone.arch.embed_dims == 32 * model.backbone.arch.num_heads


def test_attentions() -> None:
    expected = {
        'full': 'full', 'window': 'window', 'pool': 'pool', 'shift': ['window', 'shift'],
        'shift_pool': ['pool', 'shift+pool'], 'quarters': ['window', 'window', 'full'],
        'shift_pool_8x6': ['pool', 'shift+pool'],
    }  # fmt: skip
    found = {run.name: backbone(ATTENTION, run.name) for run in ATTENTION.runs if not run.evaluates}
    assert {name: each.pop('attention') for name, each in found.items()} == expected
    sizes = {name: tuple(each.pop('window_size')) for name, each in found.items()}
    assert sizes.pop('shift_pool_8x6') == (8, 6) and set(sizes.values()) == {(4, 3)}
    assert all(each == found['full'] for each in found.values())


def test_partial_finetuning_and_pretraining() -> None:
    frozen = {name: backbone(PARTIAL, name) for name in ('from_crops', 'frozen_attention', 'frozen_ffn', 'frozen_both')}
    parts = [each.pop('frozen_parts', []) for each in frozen.values()]
    assert parts == [[], ['attention'], ['ffn'], ['attention', 'ffn']]
    assert all(each == frozen['from_crops'] for each in frozen.values())
    autoencoders = [read(PRETRAINING, name) for name in ('mae_crops', 'mae_images', 'mae_others')]
    sets = [cfg.train_dataloader.dataset.datasets[0] for cfg in autoencoders]
    assert [part.pop('whole_images', False) for part in sets] == [False, True, False]
    assert [part.pop('data_root') for part in sets] == [f'{DATA}/', f'{DATA}/', f'{OTHER}/']
    assert autoencoders[0].to_dict() == autoencoders[1].to_dict() == autoencoders[2].to_dict()
    assert backbone(PRETRAINING, 'scratch').pop('init_cfg') is None


def test_sizes() -> None:
    for name, height, width in (('64x48', 64, 48), ('192x144', 192, 144), ('128x128', 128, 128)):
        cfg = read(RESOLUTION, f'size_{name}')
        decoder, loader = cfg.model.head.decoder, cfg.train_dataloader.dataset.pipeline
        assert tuple(cfg.model.backbone.input_size) == tuple(decoder.input_size) == (width, height)
        assert tuple(decoder.heatmap_size) == (width // 4, height // 4)
        assert next(step for step in loader if step['type'] == 'GenerateTarget')['encoder'] == decoder
        for steps in (loader, cfg.test_dataloader.dataset.pipeline):
            crop = next(step for step in steps if step['type'] == 'TopdownAffine')
            assert tuple(crop['input_size']) == (width, height)


def test_a_shrunk_study_has_few_images_one_epoch_and_all_runs() -> None:
    small = shrink(PRETRAINING)
    assert small.seeds == (0,)
    assert [run.name for run in small.runs] == [run.name for run in PRETRAINING.runs]
    assert all((run.options[-1] == 'train_cfg.max_epochs=1') is not bool(run.evaluates) for run in small.runs)
    assert small.prepare[0].command[2:6] == ('--images', '24', '--val', '8')
    assert small.prepare[1].command[2:8] == ('--images', '24', '--val', '0', '--seed', '7')
