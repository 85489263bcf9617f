"""register_all_modules, which mmengine.hub calls, fills every registry."""

from __future__ import annotations

import subprocess
import sys

import mmpose.registry
import pytest
from mmengine.registry import DefaultScope

from vitpose_mm.registry import MODELS, NODES, RUNNERS
from vitpose_mm.utils import register_all_modules


def test_classes_are_registered() -> None:
    register_all_modules(False)
    assert {'ViT', 'ClassicHead', 'SimpleHead', 'PoseEstimator'} <= set(MODELS.module_dict)
    assert {'MultiDataset'} <= set(NODES['DATASETS'].module_dict)
    assert {'TopdownPoseEstimator'} <= set(mmpose.registry.MODELS.module_dict)
    assert {'UDPHeatmap'} <= set(mmpose.registry.KEYPOINT_CODECS.module_dict)


def test_a_node_without_locations_does_not_go_round_in_circles() -> None:
    """mmengine calls register_all_modules for those, and that must not call the node again."""
    RUNNERS._imported = False
    assert RUNNERS._locations == []
    assert RUNNERS.get('Runner').__name__ == 'Runner'


@pytest.mark.parametrize(('init', 'scope'), [(True, 'mmpose'), (False, 'mmdet')])
def test_default_scope(init: bool, scope: str) -> None:
    with DefaultScope.overwrite_default_scope('mmdet'):
        register_all_modules(init)
        assert DefaultScope.get_current_instance().scope_name == scope


@pytest.mark.slow
def test_get_model_of_mmengines_hub() -> None:
    code = (
        'from mmengine.hub import get_model; '
        'model = get_model("vitpose_mm::coco/vitpose_small_simple_coco-256x192.py"); '
        'print(type(model).__module__, sum(p.numel() for p in model.backbone.parameters()) // 10**6)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-2:] == ['vitpose_mm.models.estimators.pose_estimator', '21']
