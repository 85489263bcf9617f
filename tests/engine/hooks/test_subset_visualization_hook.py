"""Each sample is drawn with the keypoint set of its own subset, wherever MMPose's hook is used."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from mmpose.visualization import PoseLocalVisualizer

from vitpose_mm.engine import SubsetVisualizationHook

META = {'subsets': {'a': {'skeleton_links': [(0, 1)]}, 'b': {'skeleton_links': [(0, 2)]}}, 'skeleton_links': [(1, 2)]}


class Recorder(PoseLocalVisualizer):
    """Notes with which links each sample is drawn, and where to."""

    def __init__(self, name: str = 'recorder') -> None:
        super().__init__(name)
        self.drawn: list[tuple] = []

    def add_datasample(self, name: str, image: Any, data_sample: Any, **settings: Any) -> None:
        file = settings.get('out_file')
        self.drawn.append((data_sample.metainfo.get('subset'), self.skeleton, file and Path(file).parent))


@pytest.fixture
def samples(tmp_path: Path) -> list[PoseDataSample]:
    """A sample of each of two subsets and one of none."""
    file = str(tmp_path / '1.jpg')
    cv2.imwrite(file, np.zeros((20, 20, 3), np.uint8))
    made = []
    for subset in ('a', 'b', None):
        metainfo = {'img_path': file, **({'subset': subset} if subset else {})}
        made.append(PoseDataSample(metainfo=metainfo, pred_instances=InstanceData(keypoints=np.zeros((1, 3, 2)))))
    return made


def make_hook(**settings: Any) -> tuple[SubsetVisualizationHook, Recorder]:
    PoseLocalVisualizer.get_instance('of_the_runner')
    hook = SubsetVisualizationHook(**settings)
    hook._visualizer = recorder = Recorder()
    return hook, recorder


def make_runner(tmp_path: Path) -> SimpleNamespace:
    evaluator = SimpleNamespace(dataset_meta=META)
    return SimpleNamespace(
        work_dir=str(tmp_path), timestamp='t', iter=0, val_evaluator=evaluator, test_evaluator=evaluator
    )


def test_test_pictures_have_the_links_and_folder_of_their_subset(samples: list, tmp_path: Path) -> None:
    hook, recorder = make_hook(enable=True, out_dir='out')
    for _ in range(2):
        hook.after_test_iter(make_runner(tmp_path), 0, {}, samples)
    whole = tmp_path / 't' / 'out'
    first = [('a', [(0, 1)], whole / 'a'), ('b', [(0, 2)], whole / 'b'), (None, [(1, 2)], whole)]
    assert recorder.drawn == first * 2  # MMPose's own hook goes one folder deeper with every batch
    assert hook.out_dir == 'out'


def test_validation_draws_the_first_sample_with_its_links(samples: list, tmp_path: Path) -> None:
    hook, recorder = make_hook(enable=True, interval=1)
    for first in (1, 0, 2):
        hook.after_val_iter(make_runner(tmp_path), 0, {'data_samples': samples[first:]}, samples[first:])
    assert [links for _, links, _ in recorder.drawn] == [[(0, 2)], [(0, 1)], [(1, 2)]]


def test_it_is_off_by_default(samples: list, tmp_path: Path) -> None:
    hook, recorder = make_hook()
    hook.after_test_iter(make_runner(tmp_path), 0, {}, samples)
    hook.after_val_iter(make_runner(tmp_path), 0, {'data_samples': samples}, samples)
    assert recorder.drawn == []
