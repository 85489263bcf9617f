"""A part of the test set, and several checkpoints, as tools/test.py takes them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from vitpose_mm.engine.testing import choose_dataset, use_ensemble


def config(datasets: object) -> Config:
    kind = 'vitpose_mm.MultiDataset' if not isinstance(datasets, str) else datasets
    dataset = {'type': kind} if isinstance(datasets, str) else {'type': kind, 'datasets': datasets}
    metrics = {name: {'type': 'AUC'} for name in ('val', 'boxes', 'aic')}
    return Config(
        {
            'test_dataloader': {'dataset': dataset},
            'test_evaluator': [{'type': 'vitpose_mm.SubsetMetric', 'subsets': metrics}, {'type': 'DumpResults'}],
        }
    )


PARTS = {'val': {'type': 'OCHumanDataset'}, 'boxes': {'type': 'OCHumanDataset'}, 'aic': {'type': 'AicDataset'}}


@pytest.mark.filterwarnings('ignore:The metainfo config file')
@pytest.mark.parametrize(('name', 'kept'), [('ochuman', ['val', 'boxes']), ('boxes', ['boxes']), ('aic', ['aic'])])
def test_subsets_and_their_metrics_are_kept(name: str, kept: list[str]) -> None:
    cfg = config(PARTS)
    choose_dataset(cfg, name)
    assert list(cfg.test_dataloader.dataset.datasets) == list(cfg.test_evaluator[0].subsets) == kept
    assert cfg.test_evaluator[1] == {'type': 'DumpResults'}


@pytest.mark.filterwarnings('ignore:The metainfo config file')
def test_what_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r'--dataset mpii: the test set has the parts val \(of ochuman\), boxes'):
        choose_dataset(config(PARTS), 'mpii')
    choose_dataset(config('CocoDataset'), 'coco')
    with pytest.raises(ValueError, match='--dataset aic: the test set is of coco and has no named parts'):
        choose_dataset(config('CocoDataset'), 'aic')


def test_members_of_this_and_of_another_config(tmp_path: Path) -> None:
    (tmp_path / 'other.py').write_text("model = dict(type='B')")
    for name in 'ab':
        torch.save({'state_dict': {'w': torch.zeros(1)}}, tmp_path / f'{name}.pth')
    cfg = Config({'model': {'type': 'A'}, 'load_from': 'a.pth'})
    use_ensemble(cfg, [str(tmp_path / 'a.pth'), f'{tmp_path / "other.py"}={tmp_path / "b.pth"}'])
    assert cfg.model.type == 'vitpose_mm.PoseEnsemble' and cfg.load_from is None
    assert [member.type for member in cfg.model.members] == ['A', 'B']
    assert cfg.model.checkpoints == [str(tmp_path / 'a.pth'), str(tmp_path / 'b.pth')]
    with pytest.raises(
        ValueError, match=r'gone\.py does not exist: give the config of a\.pth, as CONFIG\.py=CHECKPOINT'
    ):
        use_ensemble(Config({'model': {'type': 'A'}}), ['gone.py=a.pth'])
    with pytest.raises(ValueError, match=r'gone\.pth'):
        use_ensemble(Config({'model': {'type': 'A'}}), ['gone.pth', 'gone.pth'])
