from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import ConfigDict
from mmengine.dist import get_rank, get_world_size
from mmengine.evaluator import DumpResults, Evaluator
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from tests.helpers.processes import run_processes
from tests.helpers.real_annotations import make_sample
from tests.helpers.tiny_coco import dataset_cfg, write_coco
from vitpose_mm.checks.preflight import check_evaluators
from vitpose_mm.datasets import MultiDataset
from vitpose_mm.evaluation import SubsetMetric, subset_metric
from vitpose_mm.registry import METRICS

METAS = {'subsets': {name: {'dataset_name': 'x', 'num_keypoints': 3} for name in ('near', 'far')}}
PCK = {'type': 'PCKAccuracy', 'thr': 0.1}


def person(subset: str | None, distance: float) -> dict:
    """A sample with a box of 100 pixels and three keypoints, one of them moved by ``distance``."""
    keypoints = np.array([[[10.0, 10], [20, 20], [30, 30]]])
    sample = PoseDataSample(metainfo={} if subset is None else {'subset': subset})
    sample.gt_instances = InstanceData(
        keypoints=keypoints, keypoints_visible=np.ones((1, 3)), bboxes=np.array([[0.0, 0, 100, 80]])
    )
    moved = keypoints.copy()
    moved[0, 0, 0] += distance
    sample.pred_instances = InstanceData(keypoints=moved, keypoint_scores=np.ones((1, 3)))
    return sample


def metric(**metrics: dict | list) -> Evaluator:
    """Evaluator of a SubsetMetric, as MMEngine builds it from a config."""
    metrics = metrics or {'near': PCK, 'far': [PCK, {'type': 'AUC', 'norm_factor': 100}]}
    evaluator = Evaluator([{'type': 'vitpose_mm.SubsetMetric', 'subsets': metrics}])
    evaluator.dataset_meta = METAS
    return evaluator


def test_each_subset_is_scored_by_its_own_metrics() -> None:
    """Of a box of 100, .1 is 10 pixels. AUC: 20 thresholds 0, .05, ... below which a distance counts."""
    evaluator = metric()
    evaluator.process([person('near', 5), person('far', 12), person('near', 5)])
    evaluator.process([person('far', 5)])
    right = 1 / 20  # one threshold is worth that much; a distance of 0 is right at 19 of 20
    auc = (19 * 2 / 3 + (17 + 18) / 2 / 3) * right
    assert evaluator.evaluate(4) == {'near/PCK': 1.0, 'far/PCK': pytest.approx(2.5 / 3), 'far/AUC': pytest.approx(auc)}
    evaluator.process([person('near', 50), person('far', 0)])  # nothing is left of the first round
    assert evaluator.evaluate(2)['near/PCK'] == pytest.approx(2 / 3)


def test_padded_samples_are_dropped_as_the_host_does() -> None:
    evaluator = metric(near=PCK, far=PCK)
    evaluator.process([person('near', 50), person('far', 0), person('near', 0)])
    assert evaluator.evaluate(2)['near/PCK'] == pytest.approx(2 / 3)


def test_the_log_gets_one_table_in_which_a_subset_without_samples_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(subset_metric, 'print_log', lambda text, **_: said.append(text))
    evaluator = metric(near=PCK, far=PCK)
    evaluator.process([person('near', 0)])
    assert evaluator.evaluate(1) == {'near/PCK': 1.0}
    (text,) = said
    assert [line.split() for line in text.strip().splitlines()] == [
        ['subset', 'samples', 'metrics'],
        ['near', '1', 'PCK', '1.0000'],
        ['far', '0', 'not', 'scored:', 'it', 'has', 'no', 'sample'],
    ]


def test_two_metrics_of_one_name_need_a_prefix() -> None:
    evaluator = metric(near=[PCK, {**PCK, 'thr': 0.01, 'prefix': 'fine'}], far=PCK)
    evaluator.process([person('near', 5), person('far', 5)])
    assert evaluator.evaluate(2) == {'near/PCK': 1.0, 'near/fine/PCK': pytest.approx(2 / 3), 'far/PCK': 1.0}
    evaluator = metric(near=[PCK, PCK], far=PCK)
    evaluator.process([person('near', 5)])
    with pytest.raises(ValueError, match=r"two metrics of 'near' are called near/PCK: give one a prefix"):
        evaluator.evaluate(1)


def test_names_that_do_not_fit_are_told() -> None:
    with pytest.raises(ValueError, match=r"scores \['near'\] and the test set has the subsets \['far', 'near'\]"):
        metric(near=PCK)
    evaluator = metric()
    with pytest.raises(ValueError, match=r"a sample is from subset None and SubsetMetric scores \['far', 'near'\]"):
        evaluator.process([person(None, 1)])
    config = ConfigDict(subsets={'near': PCK, 'far': [{'type': 'CocoMetric', 'ann_file': '/nowhere.json'}]})
    with pytest.raises(ValueError, match=r"'/nowhere\.json' does not exist.* test_evaluator\.subsets\.far\.ann_file"):
        check_evaluators(config, where='test_evaluator')


def test_predictions_can_be_dumped_beside_it(tmp_path: Path) -> None:
    """tools/test.py --dump of any OpenMMLab project makes a list of evaluator and DumpResults."""
    file = tmp_path / 'out.pkl'
    given = {'near': PCK, 'far': PCK}
    evaluator = Evaluator(
        [METRICS.build({'type': 'vitpose_mm.SubsetMetric', 'subsets': given}), DumpResults(str(file))]
    )
    evaluator.dataset_meta = METAS
    people = [person('near', 5), person('far', 12)]
    evaluator.process(people)
    metrics = evaluator.evaluate(2)
    dumped = pickle.loads(file.read_bytes())
    assert [sample['subset'] for sample in dumped] == ['near', 'far']
    again = metric(near=PCK, far=PCK)
    assert again.offline_evaluate(dumped) == metrics


def twice_the_same(folder: str) -> MultiDataset:
    """One dataset as two subsets, 'test' of 4 and then 'val' of 5 people."""
    init_default_scope('mmpose')
    cfg = dataset_cfg(Path(folder), test_mode=True, pipeline=[])
    return MultiDataset({'val': dict(cfg, indices=5), 'test': dict(cfg, indices=[1, 3, 4, 9])})


def score_own_share(folder: str) -> dict[str, float]:
    """COCO's metric on this process's samples; 'val' is moved by a pixel, 'test' is perfect but for one person."""
    dataset = twice_the_same(folder)
    coco = {'type': 'CocoMetric', 'ann_file': f'{folder}/ann.json'}
    metric = SubsetMetric({'val': coco, 'test': [coco, {'type': 'PCKAccuracy', 'thr': 0.05}]})
    metric.dataset_meta = dataset.metainfo
    order = list(range(9)) + [0] * (9 % get_world_size())
    for index in order[get_rank() :: get_world_size()]:
        info = dataset.get_data_info(index)
        name = dataset[index]['subset']
        moved = 1.0 if name == 'val' else 30.0 * (index == 1)
        scores = np.linspace(0.5, 0.9, 17) - index / 50
        metric.process(None, [make_sample(info, name, moved=np.full(2, moved), scores=scores).to_dict()])
    return metric.evaluate(len(dataset))


@pytest.mark.slow
def test_two_processes_score_what_one_does(tmp_path: Path) -> None:
    """Shares of different mixes; the last sample of one is the first one again, to fill up."""
    folder = str(write_coco(tmp_path))
    alone = score_own_share(folder)
    assert alone['test/PCK'] == pytest.approx(3 / 4, abs=0.02)
    assert {key.split('/')[0] for key in alone} == {'val', 'test'}
    for metrics in run_processes(score_own_share, folder):
        assert metrics == alone
