"""A model has all of its checkpoint's weights and the right keypoint set, or one sentence says why not."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from vitpose_mm.inference import loading
from vitpose_mm.inference.loading import build_detector, build_pose_model, pick_device


class Bomb:
    """Unpickling it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.folder,)


def test_pick_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    assert pick_device(None) == 'cpu'
    assert pick_device('cpu') == 'cpu'
    with pytest.raises(ValueError, match='torch sees 0 GPUs'):
        pick_device('cuda:0')
    with pytest.raises(ValueError, match='--device gpu is not a device'):
        pick_device('gpu')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)
    assert pick_device(None) == 'cuda:0'
    assert pick_device('cuda') == 'cuda'
    with pytest.raises(ValueError, match='torch sees 1 GPUs'):
        pick_device('cuda:1')


def test_detector_has_the_weights(detector_files: SimpleNamespace) -> None:
    model = build_detector(detector_files.config, detector_files.checkpoint)
    state = torch.load(detector_files.checkpoint, weights_only=True)['state_dict']
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state[name], rtol=0, atol=0)
    assert not model.training
    assert model.cfg.test_dataloader.dataset.pipeline[-1].type == 'mmdet.PackDetInputs'


def test_a_detector_without_ops_for_its_gpu_runs_on_the_cpu(
    detector_files: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, 'get_compiling_cuda_version', lambda: 'not available')
    with pytest.warns(UserWarning, match='The detector runs on the CPU: mmcv has no CUDA ops'):
        model = build_detector(detector_files.config, detector_files.checkpoint, 'cuda:0')
    assert next(model.parameters()).device.type == 'cpu'


def test_pose_model_has_weights_and_the_test_sets_keypoints(
    pose_files: SimpleNamespace, recwarn: pytest.WarningsRecorder
) -> None:
    model = build_pose_model(pose_files.config, pose_files.checkpoint)
    assert model.head.final_layer.weight.item() == 1
    assert model.dataset_meta['dataset_name'] == 'one_point'  # mmpose takes COCO
    assert not [warning for warning in recwarn if 'dataset_meta' in str(warning.message)]
    assert not model.test_cfg['output_heatmaps']
    assert not model.test_cfg['flip_test']
    assert build_pose_model(pose_files.config, pose_files.checkpoint, output_heatmaps=True).test_cfg['output_heatmaps']


def test_keypoints_of_the_checkpoint_come_first(pose_files: SimpleNamespace, tmp_path: Path) -> None:
    content = torch.load(pose_files.checkpoint, weights_only=True)
    known = build_pose_model(pose_files.config, pose_files.checkpoint).dataset_meta
    content['meta']['dataset_meta'] = {**known, 'dataset_name': 'mine'}
    content['state_dict'] = {f'module.{name}': value for name, value in content['state_dict'].items()}
    torch.save(content, tmp_path / 'mine.pth')
    assert build_pose_model(pose_files.config, str(tmp_path / 'mine.pth')).dataset_meta['dataset_name'] == 'mine'


def test_head_and_keypoint_set_differ(pose_files: SimpleNamespace, tmp_path: Path) -> None:
    text = Path(pose_files.config).read_text().replace('metainfo=one_point, ', '')  # CocoDataset's own: 17
    (tmp_path / 'coco.py').write_text(text)
    with pytest.raises(ValueError, match=r'head has 1 keypoint and the keypoint set coco has 17'):
        build_pose_model(str(tmp_path / 'coco.py'), pose_files.checkpoint)


def test_config_without_test_pipeline(pose_files: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text(Path(pose_files.config).read_text() + '\ntest_dataloader = None\n')
    with pytest.raises(ValueError, match='has no test_dataloader'):
        build_pose_model(str(tmp_path / 'a.py'), pose_files.checkpoint)


def test_checkpoints_swapped(pose_files: SimpleNamespace, detector_files: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match=r'tiny_rtmdet.pth does not fit .*: 2 of 2 weights are missing'):
        build_pose_model(pose_files.config, detector_files.checkpoint)
    with pytest.raises(ValueError, match=r'brightest.pth does not fit .*convert_checkpoint'):
        build_detector(detector_files.config, pose_files.checkpoint)


def test_other_shapes(pose_files: SimpleNamespace, tmp_path: Path) -> None:
    content = torch.load(pose_files.checkpoint, weights_only=True)
    content['state_dict']['head.final_layer.weight'] = torch.ones(2, 1, 1, 1)
    torch.save(content, tmp_path / 'two.pth')
    with pytest.raises(ValueError, match=r'two.pth does not fit .*size mismatch for head.final_layer.weight'):
        build_pose_model(pose_files.config, str(tmp_path / 'two.pth'))


@pytest.mark.parametrize('which', ['detector', 'pose'])
def test_a_bomb_is_refused_unopened(
    pose_files: SimpleNamespace, detector_files: SimpleNamespace, tmp_path: Path, which: str
) -> None:
    bomb = tmp_path / 'bomb.pth'
    bomb.write_bytes(pickle.dumps({'state_dict': Bomb(tmp_path / 'gone_off')}))
    with pytest.raises(ValueError, match=r'bomb\.pth'):
        if which == 'pose':
            build_pose_model(pose_files.config, str(bomb))
        else:
            build_detector(detector_files.config, str(bomb))
    assert not (tmp_path / 'gone_off').exists()
