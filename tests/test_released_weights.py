"""Weights as MMPose releases them, from a server on this machine: by name in MMPoseInferencer and in ours."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import get_installed_path
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from PIL import Image

from tests.helpers.file_server import Server, serve
from vitpose_mm import zoo
from vitpose_mm.inference import PosePredictor
from vitpose_mm.registry import MODELS
from vitpose_mm.zoo import ModelFiles

pytestmark = pytest.mark.slow
NAME = 'vitpose_small_classic_coco-256x192'
THEIRS = 'body_2d_keypoint/topdown_heatmap/coco/td-hm_ViTPose-small_8xb64-210e_coco-256x192'

# MMPose reads the address from the metafile of the scope; this process is given another one.
INFER = """
import json, sys
from mmengine.infer import BaseInferencer
from mmpose.apis import MMPoseInferencer
read = BaseInferencer._get_models_from_metafile
def with_address(folder):
    for entry in read(folder):
        yield {**entry, 'Weights': sys.argv[2]} if entry['Name'] == sys.argv[1] else entry
BaseInferencer._get_models_from_metafile = staticmethod(with_address)
for name in (sys.argv[1], sys.argv[3]):
    infer = MMPoseInferencer(name, scope='vitpose_mm', det_model='whole_image', device='cpu')
    (person,) = next(infer('photo.png'))['predictions'][0]
    print(json.dumps(person['keypoints']))
"""


@pytest.fixture(scope='module')
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ViTPose-S as MMPose builds and saves it, with a random last layer that tells keypoints apart."""
    init_default_scope('mmpose')
    config = Path(get_installed_path('mmpose')) / '.mim' / 'configs' / f'{THEIRS}.py'
    cfg = Config.fromfile(config)
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    torch.nn.init.normal_(model.head.final_layer.weight)
    meta = {'dataset_meta': parse_pose_metainfo({'from_file': 'configs/_base_/datasets/coco.py'})}
    file = tmp_path_factory.mktemp('released') / 'weights.pth'
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return file.rename(file.with_name(f'{Path(THEIRS).name}-{digest[:8]}_20230314.pth'))


@pytest.fixture
def server(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    monkeypatch.delenv('VITPOSE_MM_MIRROR', raising=False)
    with serve(released.parent) as running:
        yield running


def test_mmposes_inferencer_and_ours_give_the_same_keypoints(
    server: Server, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.effect_noise((96, 128), 90).convert('RGB').save(tmp_path / 'photo.png')
    address = f'{server.address}/{released.name}'
    words = [sys.executable, '-W', 'ignore', '-c', INFER, NAME, address, 'vitpose_small']
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    by_name, by_alias = (json.loads(line) for line in done.stdout.splitlines() if line.startswith('[['))
    assert by_name == by_alias

    files = zoo.find_pose_model(NAME)
    monkeypatch.setattr(zoo, 'pose_models', lambda: {NAME: ModelFiles(files.config, address)})
    people = PosePredictor(NAME, None, device='cpu', precision='fp32')(tmp_path / 'photo.png').pred_instances
    assert people.keypoints.shape == (1, 17, 2)
    assert len(np.unique(people.keypoints[0].round(), axis=0)) > 5
    np.testing.assert_allclose(people.keypoints[0], by_name, atol=1e-3)
    assert server.requests == [f'/{released.name}']  # once for all three
