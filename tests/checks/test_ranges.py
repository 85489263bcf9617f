from __future__ import annotations

import copy
from pathlib import Path

import pytest
from mmengine.config import Config

from tests.helpers.shipped_configs import LEAVES, ident, read
from vitpose_mm.checks.ranges import Range, check_ranges

NAN, INF = float('nan'), float('inf')
PLAIN = 'coco/vitpose_base_classic_coco-256x192'


def changed(options: dict) -> Config:
    cfg = copy.deepcopy(read(PLAIN))
    cfg.merge_from_dict(options)
    return cfg


@pytest.mark.parametrize('leaf', LEAVES, ids=ident)
def test_shipped_configs_are_in_range(leaf: Path) -> None:
    for for_training in (True, False):
        check_ranges(read(leaf), for_training=for_training)


OPTIMIZER = 'optim_wrapper.optimizer'
MISTAKES: dict[str, list] = {
    f'{OPTIMIZER}.lr': [-1e-4, NAN, INF, 50, '5e-4x', True, [1e-3, -1.0]],
    f'{OPTIMIZER}.weight_decay': [-0.1, NAN, 11.0],
    f'{OPTIMIZER}.betas': [(0.9, 1.0), (-0.1, 0.9), (0.9, NAN)],
    f'{OPTIMIZER}.eps': [-1e-8],
    f'{OPTIMIZER}.momentum': [1.0],
    'optim_wrapper.clip_grad.max_norm': [0, -1.0, NAN, '1'],
    'optim_wrapper.clip_grad.clip_value': [0.0],
    'optim_wrapper.accumulative_counts': [0, 1.5],
    'optim_wrapper.paramwise_cfg.layer_decay_rate': [0, 1.1, NAN, 'fast'],
    'train_cfg.max_epochs': [0, -3, 2.5, '10'],
    'train_cfg.max_iters': [0],
    'train_cfg.val_interval': [0],
    'auto_scale_lr.base_batch_size': [0],
    'train_dataloader.batch_size': [0, -1, 1.5, '64', True],
    'val_dataloader.batch_size': [0],
    'train_dataloader.num_workers': [-1, 0.5],
    'val_dataloader.num_workers': [-1],
    'model.backbone.drop_path_rate': [1.0, -0.1, NAN, '0.3'],
    'model.head.decoder.sigma': [0, -2, NAN, 'two', 60],
    'model.head.decoder.blur_kernel_size': [4, 0, 11.0],
    'model.head.decoder.heatmap_size': [(0, 64), (48, 1), (48.0, 64)],
    'codec.input_size': [(192, -256)],
}


@pytest.mark.parametrize(('where', 'value'), [(key, value) for key, values in MISTAKES.items() for value in values])
def test_a_number_out_of_range_is_named(where: str, value: object) -> None:
    cfg = changed({where: value})
    with pytest.raises(ValueError) as error:
        check_ranges(cfg)
    sentence = str(error.value)
    assert sentence.startswith(where) and 'choose ' in sentence and '\n' not in sentence


def test_sentences() -> None:
    for where, value, sentence in (
        (f'{OPTIMIZER}.lr', -1.0, f'{OPTIMIZER}.lr=-1.0 is out of range: choose a number of 0 or more, 10 at most.'),
        ('train_cfg.max_epochs', 0, 'train_cfg.max_epochs=0 is out of range: choose a whole number of 1 or more.'),
        (
            'model.backbone.drop_path_rate',
            1.0,
            'model.backbone.drop_path_rate=1.0 is out of range: choose a number of 0 or more and below 1.',
        ),
    ):
        with pytest.raises(ValueError) as error:
            check_ranges(changed({where: value}))
        assert str(error.value) == sentence
    assert str(Range(0, above=True)) == 'a number above 0'


def test_a_codec_is_found_wherever_it_is() -> None:
    cfg = changed({})
    cfg.train_dataloader.dataset.pipeline[-2].encoder.sigma = -1
    with pytest.raises(ValueError, match=r'^train_dataloader\.dataset\.pipeline\[\d\]\.encoder\.sigma=-1 is out of'):
        check_ranges(cfg)


def test_mmposes_codec_is_refused_where_it_draws_wrong_targets() -> None:
    with pytest.raises(ValueError, match=r"^codec\.sigma=2\.5 .* set codec\.type='vitpose_mm\.BatchedUDPHeatmap'\.$"):
        check_ranges(changed({'codec.sigma': 2.5, 'codec.type': 'UDPHeatmap'}))
    check_ranges(changed({'codec.sigma': 2.5, 'codec.type': 'UDPHeatmap'}), for_training=False)
    check_ranges(changed({'codec.sigma': 2.5}))
    check_ranges(changed({'codec.sigma': 7 / 3, 'codec.type': 'UDPHeatmap'}))


def test_what_a_test_does_not_use_is_not_looked_at() -> None:
    check_ranges(changed({'train_cfg.max_epochs': 0, f'{OPTIMIZER}.lr': NAN}), for_training=False)
    with pytest.raises(ValueError, match=r'^test_dataloader\.batch_size=0'):
        check_ranges(changed({'test_dataloader.batch_size': 0}), for_training=False)


def test_what_is_not_given_is_not_missed() -> None:
    check_ranges(Config({'model': {'backbone': {'drop_path_rate': 0}}}))
    check_ranges(Config({'optim_wrapper': {'clip_grad': None}, 'train_cfg': None, 'val_dataloader': None}))
    check_ranges(changed({'optim_wrapper.paramwise_cfg.layer_decay_rate': 'auto', f'{OPTIMIZER}.lr': 0.0}))
