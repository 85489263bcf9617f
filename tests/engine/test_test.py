"""What tools/test.py makes of its arguments: a part of the test set, several checkpoints, what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

from tests.helpers.shipped_configs import read
from tests.helpers.tiny_flags import TEXT, flags
from vitpose_mm.engine import test as engine_test
from vitpose_mm.engine.test import add_test_flags, choose_dataset, use_ensemble
from vitpose_mm.registry import MODELS


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


@pytest.fixture
def cfg() -> Config:
    return Config.fromstring(TEXT, '.py')


def test_test_loads_the_checkpoint_and_resumes_nothing(cfg: Config) -> None:
    cfg.resume = True
    add_test_flags(cfg, flags(checkpoint=['best.pth']))
    assert cfg.load_from == 'best.pth' and cfg.resume is False
    assert cfg.test_evaluator == dict(type='CocoMetric')


def test_dump(cfg: Config) -> None:
    add_test_flags(cfg, flags(dump='out.pkl'))
    assert cfg.test_evaluator == [dict(type='CocoMetric'), dict(type='DumpResults', out_file_path='out.pkl')]
    with pytest.raises(ValueError, match=r"got 'out.json': give a path that ends in .pkl"):
        add_test_flags(cfg, flags(dump='out.json'))


def test_metrics_go_to_a_kind_of_file_that_can_be_written(cfg: Config) -> None:
    add_test_flags(cfg, flags(out='m.yaml'))
    with pytest.raises(ValueError, match=r"--out got 'm\.txt': give a path that ends in one of \.json"):
        add_test_flags(cfg, flags(out='m.txt'))


def test_badcase_of_a_shipped_config() -> None:
    cfg = read('coco/vitpose_base_classic_coco-256x192').copy()
    add_test_flags(cfg, flags(badcase=True))
    assert MODELS.build(cfg.default_hooks.badcase.metric).use_target_weight


def test_badcase(cfg: Config) -> None:
    add_test_flags(cfg, flags(badcase=True, interval=3, show_dir='drawn'))
    hook = cfg.default_hooks.badcase
    assert (hook.enable, hook.show, hook.interval) == (True, False, 3)
    assert hook.metric == dict(type='KeypointMSELoss')
    assert cfg.default_hooks.visualization.enable is False
    hook.metric_type = 'colour'
    with pytest.raises(ValueError, match="metric_type is 'colour'"):
        add_test_flags(cfg, flags(badcase=True))
    del cfg.default_hooks['badcase']
    with pytest.raises(ValueError, match=r'default_hooks\.badcase'):
        add_test_flags(cfg, flags(badcase=True))


@pytest.mark.parametrize('rank', [0, 1])
def test_metrics_are_written_by_the_first_process(rank: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'leaf.py').write_text(TEXT)
    runner = SimpleNamespace(rank=rank, test=lambda: {'coco/AP': 0.25})
    monkeypatch.setattr(engine_test, 'check_config', lambda *args, **flags: [])
    monkeypatch.setattr(engine_test, 'build_runner', lambda cfg: runner)
    out = tmp_path / 'metrics.json'
    engine_test.test(flags(config=str(tmp_path / 'leaf.py'), out=str(out)))
    assert out.exists() == (rank == 0)
    assert rank or json.loads(out.read_text()) == {'coco/AP': 0.25}
