"""The frozen teacher: what it says, what sees it, and how it refuses what does not fit."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS
from mmpose.registry import KEYPOINT_CODECS
from mmpose.structures.bbox import get_udp_warp_matrix

from tests.helpers.tiny_coco import CODEC
from tests.helpers.tiny_models import COCO_FLIP, META, batch, model_cfg, write_teacher
from vitpose_mm.models.distillers.label_loss import label_loss
from vitpose_mm.models.distillers.teacher import load_teacher, read_model_config, resize

SIZES = ((48, 64), (96, 128))
LARGE = {**CODEC, 'input_size': (96, 128), 'heatmap_size': (24, 32)}


def test_says_what_the_model_says(teacher_file: str) -> None:
    teacher = load_teacher(model_cfg(24), teacher_file)
    model = MODELS.build(model_cfg(24))
    model.load_state_dict(torch.load(teacher_file, weights_only=False)['state_dict'])
    inputs, _ = batch()
    expected = model.eval()(inputs, None, mode='tensor')
    assert torch.equal(teacher.heatmaps(inputs, (16, 12)), expected)
    assert not any(parameter.requires_grad for parameter in teacher.model.parameters())
    assert not any(module.training for module in teacher.model.modules())


def test_a_token_is_appended_to_the_patches(teacher_file: str) -> None:
    teacher = load_teacher(model_cfg(24), teacher_file)
    inputs, _ = batch()
    token = torch.randn(1, 2, 24)
    feats = teacher.model.backbone(inputs, None, token.expand(4, -1, -1))
    assert torch.equal(teacher.heatmaps(inputs, (16, 12), token), teacher.model.head(feats))
    assert not torch.equal(teacher.heatmaps(inputs, (16, 12), token), teacher.heatmaps(inputs, (16, 12)))


def test_a_copy_shares_it(teacher_file: str) -> None:
    teacher = load_teacher(model_cfg(24), teacher_file)
    assert copy.deepcopy({'teacher': teacher})['teacher'] is teacher


def test_its_number_type_is_its_own(teacher_file: str) -> None:
    """A student's autocast does not reach a float32 teacher, nor the other way round."""
    inputs, _ = batch()
    plain, half = load_teacher(model_cfg(24), teacher_file), load_teacher(model_cfg(24), teacher_file, dtype='bfloat16')
    expected = plain.heatmaps(inputs, (16, 12))
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(plain.heatmaps(inputs, (16, 12)), expected)
    said = half.heatmaps(inputs, (16, 12))
    assert said.dtype == torch.float32
    assert 0 < (said - expected).abs().max() < 0.1 * expected.abs().max()
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(half.heatmaps(inputs, (16, 12)), said)


def test_other_sizes_are_resized(tmp_path: Path) -> None:
    cfg = model_cfg(24, codec=LARGE)
    teacher = load_teacher(cfg, write_teacher(tmp_path / 'large.pth', cfg))
    inputs, _ = batch()
    heatmaps = teacher.heatmaps(inputs, (16, 12))
    expected = teacher.model(resize(inputs, (128, 96)), None, mode='tensor')
    assert expected.shape == (4, 17, 32, 24)
    assert torch.equal(heatmaps, resize(expected, (16, 12)))


def test_corners_are_aligned_as_udp_aligns_them() -> None:
    """Maps of where each pixel is: crops of two sizes show the same place at the same share of their last pixel."""
    warps = [get_udp_warp_matrix(np.array([50.0, 40.0]), np.array([60.0, 80.0]), 30.0, size) for size in SIZES]
    place = np.array([33.0, 21.0, 1.0])
    small, large = (warp @ place for warp in warps)
    assert np.allclose(small / (47, 63), large / (95, 127))
    # what a column of the large heatmap stands for, in pixels of the small crop
    columns = torch.arange(24.0) * KEYPOINT_CODECS.build(LARGE).scale_factor[0] * 47 / 95
    resized = resize(columns.expand(1, 1, 32, 24), (16, 12))
    expected = torch.arange(12.0) * KEYPOINT_CODECS.build(CODEC).scale_factor[0]
    assert (resized - expected).abs().max() < 1e-4


def test_another_keypoint_set_is_refused(teacher_file: str, tmp_path: Path) -> None:
    teacher = load_teacher(model_cfg(24), teacher_file)
    teacher.check_keypoints(17, COCO_FLIP)
    with pytest.raises(ValueError, match='teacher has 17 keypoints and the student 14'):
        teacher.check_keypoints(14)
    animals = [1, 0, 2, 3, 4, 8, 9, 10, 5, 6, 7, 14, 15, 16, 11, 12, 13]
    with pytest.raises(ValueError, match='The 17 keypoints of the teacher are others'):
        teacher.check_keypoints(17, animals)
    silent = load_teacher(model_cfg(24), write_teacher(tmp_path / 'silent.pth', model_cfg(24), meta=None))
    silent.check_keypoints(17, animals)  # a checkpoint that names no keypoints cannot be asked


def test_configs_are_found_by_path_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'mine.py').write_text("model = dict(type='vitpose_mm.PoseEstimator', backbone=dict(), head=dict())\n")
    monkeypatch.chdir(tmp_path)
    assert read_model_config('mine.py') == read_model_config(str(tmp_path / 'mine.py'))
    assert read_model_config('vitpose_mm::coco/vitpose_large_classic_coco-256x192.py')['backbone']['arch'] == 'large'
    with pytest.raises(ValueError, match=r'There is no teacher config absent\.py'):
        read_model_config('absent.py')
    with pytest.raises(ValueError, match=r'There is no teacher config vitpose_mm::coco/nothing\.py'):
        read_model_config('vitpose_mm::coco/nothing.py')
    with pytest.raises(ValueError, match=r"of 'vitpose_mm\.KnowledgeTokenDistiller', which has no backbone"):
        read_model_config({'type': 'vitpose_mm.KnowledgeTokenDistiller', 'student': {}})


def test_weights_have_to_be_there_and_to_fit(teacher_file: str) -> None:
    with pytest.raises(ValueError, match='No checkpoint is named for the teacher'):
        load_teacher(model_cfg(24), None)
    with pytest.raises(ValueError, match=r'absent\.pth does not exist'):
        load_teacher(model_cfg(24), 'absent.pth')
    with pytest.raises(ValueError, match='does not fit'):
        load_teacher(model_cfg(16), teacher_file)
    with pytest.raises(ValueError, match=r"teacher_dtype='bf16' is not known: choose one of None, 'bfloat16'"):
        load_teacher(model_cfg(24), teacher_file, dtype='bf16')


def test_a_teacher_of_several_datasets_is_refused(tmp_path: Path) -> None:
    cfg = model_cfg(24)
    cfg['head'] = {'type': 'vitpose_mm.DatasetRouter', 'shared': cfg['head'], 'heads': {'coco': {}, 'aic': {}}}
    with pytest.raises(ValueError, match='The teacher has a head for each of aic, coco: distil one dataset'):
        load_teacher(cfg, write_teacher(tmp_path / 'routed.pth', cfg))


def test_the_loss_to_labels_is_the_heads(teacher_file: str) -> None:
    head = MODELS.build(model_cfg(24)).head
    _, samples = batch()
    feats = (torch.randn(4, 24, 4, 3),)
    expected = head.eval().loss(feats, samples, train_cfg={'compute_acc': False})['loss_kpt']
    assert torch.equal(label_loss(head, head(feats), samples), expected)
    with pytest.raises(ValueError, match=r'codec makes heatmaps of \(17, 16, 12\)'):
        label_loss(head, torch.zeros(4, 17, 8, 6), samples)


def test_meta_is_read(teacher_file: str) -> None:
    assert load_teacher(model_cfg(24), teacher_file).flip_indices == META['flip_indices']
