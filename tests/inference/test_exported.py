"""An exported file finds the brightest spot where it is: in onnxruntime, and in rtmlib as it comes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mmpose.apis import inference_topdown

from vitpose_mm.export.command import ExportOptions, export
from vitpose_mm.export.run import open_exported
from vitpose_mm.inference.loading import build_pose_model

pytest.importorskip('onnxscript', reason='the extra [export] is not installed')
CENTRES = [(60, 50), (81, 107), (44.3, 72.8), (90, 60.5)]
BOX = np.array([20, 10, 110, 120], np.float32)


def spotted(x: float, y: float, size: tuple[int, int] = (150, 130)) -> np.ndarray:
    """(H, W, 3) black image with a soft white spot around (x, y), in warm light."""
    columns, rows = np.meshgrid(np.arange(size[1]), np.arange(size[0]))
    heat = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 50.0)
    return (heat[..., None] * [200, 220, 250]).astype(np.uint8)


def test_keypoints_in_the_file_are_mmposes(pose_files: SimpleNamespace, tmp_path: Path) -> None:
    model = build_pose_model(pose_files.config, pose_files.checkpoint)
    file = tmp_path / 'spot.onnx'
    export(ExportOptions(**vars(pose_files), out=str(file), output='keypoints'))
    run = open_exported(file)
    for centre in CENTRES:
        (sample,) = inference_topdown(model, spotted(*centre), BOX[None])
        crop = crop_of(model, spotted(*centre))
        keypoint, score = np.split(run(crop)[0][0, 0], [2])
        scale, corner = sample.input_scale, sample.input_center - sample.input_scale / 2
        in_crop = (sample.pred_instances.keypoints[0, 0] - corner) / scale * [48, 64]
        assert score > 0.3 and np.abs(keypoint - in_crop).max() < 0.05


def crop_of(model: object, image: np.ndarray) -> np.ndarray:
    """Return the (1, 3, 64, 48) normalised crop of the box, by MMPose's pipeline."""
    from mmengine.dataset import Compose, pseudo_collate

    cfg, meta = model.cfg, model.dataset_meta  # type: ignore[attr-defined]
    data = {**meta, 'img': image, 'bbox': BOX[None], 'bbox_score': np.ones(1, np.float32)}
    batch = pseudo_collate([Compose(cfg.test_dataloader.dataset.pipeline)(data)])
    return model.data_preprocessor(batch)['inputs'].numpy()  # type: ignore[attr-defined]


def test_rtmlib_finds_the_spot_within_a_pixel_of_the_input(pose_files: SimpleNamespace, tmp_path: Path) -> None:
    """rtmlib's crop is not UDP's: one pixel of the input is what it may be off."""
    rtmlib = pytest.importorskip('rtmlib', reason='rtmlib is not installed')
    file = tmp_path / 'spot.onnx'
    export(ExportOptions(**vars(pose_files), out=str(file), input_order='bgr'))
    tool = rtmlib.tools.pose_estimation.vitpose.ViTPose(
        str(file), model_input_size=(48, 64), mean=(0, 0, 0), std=(255, 255, 255)
    )
    pixel = 110 * 1.25 / 64  # of the input, in pixels of the image
    for centre in CENTRES:
        keypoints, scores = tool(spotted(*centre), [BOX.tolist()])
        assert scores[0, 0] > 0.3
        assert np.abs(keypoints[0, 0] - centre).max() < pixel + 0.2
