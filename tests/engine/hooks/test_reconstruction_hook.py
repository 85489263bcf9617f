from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from mmengine.runner import Runner

from tests.helpers.tiny_mae import SIZE, mae_cfg
from tests.helpers.tiny_run import run_cfg, train
from vitpose_mm.engine.hooks.reconstruction_hook import GAP, ReconstructionHook, make_sheet, reconstruct, to_images


@pytest.fixture
def mae(coco: Path, tmp_path: Path) -> torch.nn.Module:
    model = MODELS.build(mae_cfg(coco, tmp_path).model)
    model.init_weights()
    return model


def patch(images: torch.Tensor, place: int) -> torch.Tensor:
    """Return the patch (B, 3, 16, 16) of (B, 3, h, h) at an index, counted row by row."""
    row, column = divmod(place, SIZE // 16)
    return images[..., 16 * row : 16 * row + 16, 16 * column : 16 * column + 16]


def test_three_quarters_are_hidden_and_the_rest_is_the_input(mae: torch.nn.Module) -> None:
    inputs = torch.randn(5, 3, SIZE, SIZE)
    seen, whole = reconstruct(mae, inputs)
    for image, part, guess in zip(inputs, seen, whole, strict=True):
        hidden = [place for place in range(16) if not patch(part, place).any()]
        assert len(hidden) == 12
        for place in set(range(16)) - set(hidden):
            assert torch.equal(patch(part, place), patch(image, place))
            assert torch.equal(patch(guess, place), patch(image, place))


def test_a_perfect_prediction_gives_the_input_back(mae: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the target has patches of mean 0 and variance 1: they get mean and variance of the image."""
    inputs = 3 * torch.randn(2, 3, SIZE, SIZE) + 5
    for norm_pix in (True, False):
        mae.head.norm_pix = norm_pix
        monkeypatch.setattr(mae.neck, 'forward', lambda *_: mae.head.construct_target(inputs))
        torch.testing.assert_close(reconstruct(mae, inputs)[1], inputs, atol=1e-4, rtol=0)


def test_pictures_have_the_colours_of_the_file(mae: torch.nn.Module) -> None:
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)  # BGR
    batch = {'inputs': torch.from_numpy(image).permute(2, 0, 1)[None], 'data_samples': None}
    inputs = mae.data_preprocessor(batch)['inputs']
    assert np.array_equal(to_images(inputs, mae.data_preprocessor)[0], image)


def test_a_sheet_has_a_row_an_image_and_white_between() -> None:
    columns = [np.full((2, 5, 4, 3), value, np.uint8) for value in (10, 20, 30)]
    sheet = make_sheet(columns)
    assert sheet.shape == (2 * 5 + GAP, 3 * 4 + 2 * GAP, 3)
    assert [sheet[0, 0, 0], sheet[0, 4 + GAP, 0], sheet[-1, -1, 0]] == [10, 20, 30]
    assert (sheet[5 : 5 + GAP] == 255).all()


@pytest.mark.slow
def test_pictures_are_drawn_of_the_same_crops_and_change_nothing(coco: Path, tmp_path: Path) -> None:
    def run(name: str, hooks: slice) -> Runner:
        cfg = mae_cfg(coco, tmp_path / name)
        cfg.custom_hooks = cfg.custom_hooks[hooks]
        return train(cfg)

    runner, plain = run('drawn', slice(None)), run('plain', slice(-1)).model.state_dict()
    drawn = runner.model.state_dict()
    assert all(torch.equal(drawn[name], plain[name]) for name in plain)
    files = sorted((tmp_path / 'drawn/reconstructions').iterdir())
    assert [file.name for file in files] == ['epoch_1.png', 'epoch_2.png', 'epoch_3.png']
    first, _, last = (cv2.imread(str(file)) for file in files)
    assert first.shape == (3 * SIZE + 2 * GAP, 3 * SIZE + 2 * GAP, 3)
    two_columns = slice(0, 2 * SIZE + GAP)
    assert np.array_equal(first[:, two_columns], last[:, two_columns])
    assert (first[:, -SIZE:] != last[:, -SIZE:]).any()
    state, numbers = torch.get_rng_state(), np.random.get_state()[1]
    stand_in = {name: getattr(runner, name) for name in ('model', 'train_dataloader', 'work_dir')}
    ReconstructionHook(num_images=2)._draw(SimpleNamespace(epoch=2, **stand_in))
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numbers)


def test_a_model_that_reconstructs_nothing_is_refused(coco: Path, tmp_path: Path) -> None:
    cfg: Config = run_cfg(coco, tmp_path, custom_hooks=[{'type': 'vitpose_mm.ReconstructionHook'}])
    with pytest.raises(ValueError, match=r'cannot draw what PoseEstimator predicts.*custom_hooks'):
        Runner.from_cfg(cfg).train()


def test_is_drawn_at_intervals_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    hook, drawn = ReconstructionHook(interval=4), []
    monkeypatch.setattr(hook, '_draw', lambda runner: drawn.append(runner.epoch + 1))
    for epoch in range(10):
        hook.after_train_epoch(SimpleNamespace(epoch=epoch, max_epochs=10))
    assert drawn == [4, 8, 10]
