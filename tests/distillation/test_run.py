"""tools/distill.py's body: both stages, stopped anywhere and gone on with, and the model that comes out."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model
from torch import Tensor

from tests.helpers.tiny_distillation import distillation_cfg
from tests.helpers.tiny_models import batch
from vitpose_mm.checkpoints import load_file
from vitpose_mm.distillation import Distillation
from vitpose_mm.distillation.work_dir_check import check_work_dir, settings_of
from vitpose_mm.engine import test as engine_test
from vitpose_mm.models.distillers.token_file import load_token
from vitpose_mm.registry import MODELS

pytestmark = pytest.mark.slow


def weights(path: Path) -> dict[str, Tensor]:
    return load_file(path)['state_dict']


def assert_same(first: Path, second: Path) -> None:
    """Two files hold the same weights, bit for bit."""
    one, two = weights(first), weights(second)
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.equal(value, two[name]), name


def part_of(whole: Path, folder: Path, names: list[str]) -> Path:
    """A work folder as it is when a run was stopped: these files of a whole one."""
    for name in ['settings.json', *names]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(whole / name, folder / name)
    for name in names:
        if '/' in name:
            (folder / name).with_name('last_checkpoint').write_text(str(folder / name))
    return folder


def test_the_tuned_token_reaches_the_deployed_model(whole: Path, teacher_file: str) -> None:
    tuned, token = load_token(whole / 'tuned_token.pth'), load_token(whole / 'token.pth')
    assert (tuned.shape, token.shape) == ((1, 1, 24), (1, 1, 16))
    assert (whole / 'tuned_token.pth').stat().st_size < 5000
    assert torch.equal(weights(whole / 'deploy.pth')['backbone.tokens'], token)
    assert torch.equal(weights(whole / 'token_tuning' / 'iter_8.pth')['token'], tuned)
    start = weights(whole / 'start.pth')
    end = weights(whole / 'student' / 'iter_12.pth')
    assert start.keys() == end.keys() - {'student.backbone.tokens'}
    moved = [name for name in start if start[name].is_floating_point() and not torch.equal(start[name], end[name])]
    assert len(moved) > 30
    for name, value in weights(whole / 'deploy.pth').items():
        assert torch.equal(value, end[f'student.{name}']), name


def test_what_was_seen_on_the_way_is_noted(whole: Path) -> None:
    notes = json.loads((whole / 'notes.json').read_text())
    assert set(notes) == {
        'teacher/held_out_loss', 'teacher/held_out_loss_with_token', 'token/explained', 'student/held_out_loss',
    }  # fmt: skip
    assert 0 < notes['token/explained'] < 1
    assert notes['teacher/held_out_loss_with_token'] < notes['teacher/held_out_loss']


@pytest.mark.parametrize(
    'names',
    [
        ['token_tuning/iter_3.pth'],
        ['token_tuning/iter_8.pth'],
        ['tuned_token.pth'],
        ['tuned_token.pth', 'token.pth', 'start.pth', 'student/iter_5.pth'],
        ['tuned_token.pth', 'token.pth', 'start.pth', 'student/iter_12.pth'],
    ],
    ids=['in stage 1', 'after stage 1', 'between', 'in stage 2', 'after stage 2'],
)
def test_a_stopped_run_ends_as_one_that_was_not(
    names: list[str], whole: Path, coco: Path, teacher_file: str, tmp_path: Path
) -> None:
    folder = part_of(whole, tmp_path / 'work', names)
    said: list[str] = []
    cfg = distillation_cfg(coco, folder, teacher_file)
    deployed = Distillation(cfg, say=said.append, progress=False).run(resume=True)
    assert ('[1/3] tune the token with the teacher: done before' in said) == ('tuned_token.pth' in names)
    for name in ('tuned_token.pth', 'token.pth', 'start.pth', 'deploy.pth'):
        assert_same(whole / name, folder / name)
    begun = [name.split('/')[0] for name in names if '/' in name]
    assert not [stage for stage in begun if (folder / stage / 'iter_1.pth').exists()], (
        'a stage started from the beginning'
    )
    assert deployed == folder / 'deploy.pth'
    said.clear()
    Distillation(cfg, say=said.append, progress=False).run(resume=True)
    assert all(line.endswith('done before') for line in said)


def test_a_folder_is_of_one_distillation(whole: Path, coco: Path, teacher_file: str, tmp_path: Path) -> None:
    folder = part_of(whole, tmp_path / 'work', ['tuned_token.pth'])
    with pytest.raises(ValueError, match='holds a distillation: add --resume'):
        Distillation(distillation_cfg(coco, folder, teacher_file), say=str).run()
    other = distillation_cfg(coco, folder, teacher_file, output_weight=0.5)
    with pytest.raises(ValueError, match=r'of other settings: model\.output_weight was None there and is 0\.5 now'):
        Distillation(other, say=str).run(resume=True)
    (folder / 'settings.json').write_text('{"model": ')
    with pytest.raises(ValueError, match=r'settings\.json is damaged'):
        Distillation(other, say=str).run(resume=True)


def test_where_a_pipeline_stands_makes_no_other_distillation(coco: Path, teacher_file: str, tmp_path: Path) -> None:
    inner, outer = (distillation_cfg(coco, tmp_path, teacher_file) for _ in range(2))
    data = outer.train_dataloader.dataset
    data.pipeline = data.datasets[0].pop('pipeline')
    assert settings_of(inner) == settings_of(outer)


def test_a_first_try_that_failed_leaves_the_folder_free(coco: Path, teacher_file: str, tmp_path: Path) -> None:
    cfg = distillation_cfg(coco, tmp_path / 'work', teacher_file)
    cfg.model.student.backbone.init_cfg = {'type': 'Pretrained', 'checkpoint': 'typo.pth'}
    with pytest.raises(ValueError, match=r'typo\.pth does not exist'):
        Distillation(cfg, say=str).run()
    assert not (tmp_path / 'work').exists()


def test_a_teacher_that_did_not_fit_leaves_the_folder_free(coco: Path, teacher_file: str, tmp_path: Path) -> None:
    """Nothing has been trained: the right teacher needs neither --resume nor another folder."""
    wide = distillation_cfg(coco, tmp_path / 'work', teacher_file)
    wide.model.teacher.backbone.arch.num_layers = 3
    with pytest.raises(ValueError, match='does not fit'):
        Distillation(wide, say=str, progress=False).run()
    settings = tmp_path / 'work/settings.json'
    assert settings.is_file()
    check_work_dir(settings, distillation_cfg(coco, tmp_path / 'work', teacher_file), resume=False)


def test_the_deployed_model_is_an_ordinary_one(whole: Path, coco: Path, tmp_path: Path) -> None:
    """init_model, inference_topdown, MMPoseInferencer and a test run; none of them sees a distiller."""
    config, checkpoint = str(whole / 'deploy.py'), str(whole / 'deploy.pth')
    model = init_model(config, checkpoint, device='cpu')
    distiller_state = weights(whole / 'student' / 'iter_12.pth')
    inputs, _ = batch()
    student = MODELS.build(Config.fromfile(config).model)
    own = {k.removeprefix('student.'): v for k, v in distiller_state.items() if k.startswith('student.')}
    student.load_state_dict(own)
    assert torch.equal(model(inputs, None), student.eval()(inputs, None))
    assert model.dataset_meta['dataset_name'] == 'coco'

    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    (sample,) = inference_topdown(model, image)
    assert sample.pred_instances.keypoints.shape == (1, 17, 2)
    inferencer = MMPoseInferencer(config, checkpoint, device='cpu', det_model='whole_image')
    (result,) = next(inferencer(image, return_datasamples=True))['predictions']
    assert np.allclose(result.pred_instances.keypoints, sample.pred_instances.keypoints, atol=1e-3)

    flags = dict.fromkeys(['badcase', 'show', 'show_dir', 'dump', 'dataset']) | {'cfg_options': {}, 'launcher': 'none'}
    engine_test.test(
        argparse.Namespace(
            config=config, checkpoint=[checkpoint], work_dir=str(tmp_path), out=str(tmp_path / 'ap.json'), **flags
        )
    )
    assert 0 <= json.loads((tmp_path / 'ap.json').read_text())['coco/AP'] <= 1


def test_without_a_token_there_is_one_stage_less(coco: Path, teacher_file: str, tmp_path: Path) -> None:
    said: list[str] = []
    cfg = distillation_cfg(coco, tmp_path, teacher_file, token='none')
    cfg.train_cfg.max_epochs = 1
    Distillation(cfg, say=said.append, progress=False).run()
    assert [line for line in said if line.startswith('[')] == [
        '[1/2] initialise the student', '[2/2] train the student',
    ]  # fmt: skip
    assert not (tmp_path / 'token.pth').exists()
    (log,) = tmp_path.glob('distillation_*.log')  # what MMEngine logs of the first weights, not the terminal
    assert 'backbone.pos_embed - torch.Size' in log.read_text()
    assert 'backbone.tokens' not in weights(tmp_path / 'deploy.pth')
    assert 'num_tokens' not in Config.fromfile(tmp_path / 'deploy.py').model.backbone


def test_a_given_token_takes_the_place_of_stage_1(whole: Path, coco: Path, teacher_file: str, tmp_path: Path) -> None:
    cfg = distillation_cfg(coco, tmp_path, teacher_file, token='random', output_weight=0.0)
    cfg.train_cfg.max_epochs = 1
    cfg.token_tuning = {'file': str(whole / 'tuned_token.pth')}
    Distillation(cfg, say=str, progress=False).run()
    assert_same(whole / 'start.pth', tmp_path / 'start.pth')  # one seed, one beginning for all settings
    assert torch.equal(load_token(whole / 'token.pth'), load_token(tmp_path / 'token.pth'))
    deployed = weights(tmp_path / 'deploy.pth')['backbone.tokens']
    assert not torch.equal(deployed, load_token(tmp_path / 'token.pth'))
    cfg.token_tuning = {'file': 'gone.pth'}
    with pytest.raises(ValueError, match=r'gone\.pth does not exist'):
        Distillation(cfg, say=str)
