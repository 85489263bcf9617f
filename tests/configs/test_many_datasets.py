"""From several datasets to one model, its score on each, and a model of one's own keypoints, at a tiny size.

The leaves of one's own keypoints are those of docs/own_keypoints.md, word by word.
"""

from __future__ import annotations

import argparse
import json
import pickle
import re
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from tests.helpers.tiny_coco import write_coco
from vitpose_mm.engine import test as engine_test
from vitpose_mm.engine import train as engine_train

ROOT = Path(__file__).resolve().parents[2]
JOINT = ROOT / 'configs/multi_dataset/vitpose_base_classic_coco-aic-256x192.py'
SMALL = {'embed_dims': 16, 'num_layers': 1, 'num_heads': 2}
FLAGS = dict(
    cfg_options={}, launcher='none', work_dir=None, show=False, show_dir=None, interval=1, wait_time=0.0,
    no_validate=False, amp=False, resume=None, auto_scale_lr=False, badcase=False, dump=None, out=None,
    dataset=None,
)  # fmt: skip


def run(tool: Any, config: Path, **flags: Any) -> None:
    """tools/train.py or tools/test.py with these flags, in this process."""
    init_default_scope('mmpose')
    tool(argparse.Namespace(**{**FLAGS, 'config': str(config), 'work_dir': str(config.parent / 'work'), **flags}))


def shrink(config: Path, folders: dict[str, Path], *, load_from: Path | None = None) -> Path:
    """Write <leaf>_tiny.py beside the data: one block, two images a batch, one epoch; datasets by name of subset."""
    cfg = Config.fromfile(config)
    head = cfg.model.head.get('shared', cfg.model.head)
    cfg.model.backbone.update(arch=SMALL)
    head.update(type='vitpose_mm.SimpleHead', in_channels=16)
    cfg.merge_from_dict({'load_from': load_from and str(load_from), 'log_level': 'WARNING'})
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.default_hooks.checkpoint.update(interval=1)
    for kind in ('train', 'val', 'test'):
        loader = cfg[f'{kind}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        parts = loader.dataset.get('datasets', [loader.dataset])
        named = parts.items() if isinstance(parts, dict) else [('lynx', part) for part in parts]
        for name, part in named:
            part.update(data_root=str(folders[name]), ann_file='ann.json', data_prefix=dict(img='images'))
            part.update(dict(bbox_file='') if 'bbox_file' in part else {})
        if kind != 'train':
            metrics = cfg[f'{kind}_evaluator'].get('subsets', {'lynx': cfg[f'{kind}_evaluator']})
            for name, metric in metrics.items():
                metric.ann_file = str(folders[name] / 'ann.json')
    path = folders['lynx'].parent / f'{config.stem}_tiny.py'
    cfg.dump(path)
    return path


@pytest.fixture(scope='module')
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folder of tiny data by name: 17, 14 and 5 keypoints."""
    whole = tmp_path_factory.mktemp('data')
    sizes = {'coco': (4, 17), 'aic': (3, 14), 'lynx': (2, 5)}
    return {
        name: write_coco(whole / name, num_images=number, num_keypoints=k, seed=k)
        for name, (number, k) in sizes.items()
    }


@pytest.fixture(scope='module')
def joint(folders: dict[str, Path]) -> tuple[Path, Path]:
    """Config and checkpoint of the COCO + AIC leaf after an epoch in which both come equally often."""
    config = shrink(JOINT, folders)
    run(engine_train.train, config, cfg_options={'train_dataloader.sampler.ratios': dict(coco=1, aic=1)})
    return config, config.parent / 'work/epoch_1.pth'


def documented(folders: dict[str, Path]) -> Path:
    """Write the files of the section on own keypoints; return their folder."""
    text = (ROOT / 'docs/own_keypoints.md').read_text()
    blocks = re.findall(r'`(lynx_\w+\.py)`:\n\n```python\n(.*?)```', text, re.DOTALL)
    assert [name for name, _ in blocks] == ['lynx_keypoints.py', 'lynx_alone.py', 'lynx_too.py']
    folder = folders['lynx'].parent
    for name, code in blocks:
        (folder / name).write_text(code)
    return folder


@pytest.mark.slow
def test_one_model_is_trained_and_scored_on_each_dataset(joint: tuple[Path, Path], folders: dict[str, Path]) -> None:
    config, checkpoint = joint
    out, dump = config.parent / 'metrics.json', config.parent / 'all.pkl'
    run(engine_test.test, config, checkpoint=[str(checkpoint)], dump=str(dump), out=str(out))
    metrics = json.loads(out.read_text())
    assert {'coco/AP', 'aic/AP', 'coco/AR', 'aic/AR'} <= set(metrics)
    predictions = pickle.loads(dump.read_bytes())
    found = [(sample['subset'], sample['pred_instances']['keypoints'].shape) for sample in predictions]
    assert sorted(found) == [('aic', (1, 14, 2))] * 3 + [('coco', (1, 17, 2))] * 4
    meta = torch.load(checkpoint, weights_only=False)['meta']['dataset_meta']
    assert {name: one['num_keypoints'] for name, one in meta['subsets'].items()} == {'coco': 17, 'aic': 14}


@pytest.mark.slow
def test_a_joint_models_checkpoint_is_no_single_models(joint: tuple[Path, Path], folders: dict[str, Path]) -> None:
    """Its one head would stay random; MMEngine only logs that."""
    single = shrink(documented(folders) / 'lynx_alone.py', folders)
    with pytest.raises(SystemExit) as end:
        run(engine_test.test, single, checkpoint=[str(joint[1])])
    assert re.match(r'error: .*epoch_1\.pth does not fit .*\.py: .* it is of several datasets: choose', str(end.value))


@pytest.mark.slow
@pytest.mark.parametrize('leaf', ['lynx_alone', 'lynx_too'])
def test_own_keypoints_as_documented(leaf: str, joint: tuple[Path, Path], folders: dict[str, Path]) -> None:
    config = shrink(documented(folders) / f'{leaf}.py', folders, load_from=joint[1])
    work = config.parent / leaf
    start = torch.load(joint[1], weights_only=False)['state_dict']
    run(engine_train.train, config, work_dir=str(work), cfg_options={'optim_wrapper.optimizer.lr': 0.0})
    state = torch.load(work / 'epoch_1.pth', weights_only=False)['state_dict']
    shared = [name for name in start if name.startswith('backbone.')]
    assert shared and all(torch.equal(state[name], start[name]) for name in shared)
    new = 'head.final_layer.weight' if leaf == 'lynx_alone' else 'head.heads.lynx.final_layer.weight'
    assert state[new].shape[0] == 5 and new not in start

    out = work / 'metrics.json'
    run(
        engine_test.test,
        config,
        work_dir=str(work),
        checkpoint=[str(work / 'epoch_1.pth')],
        out=str(out),
        show_dir=str(work / 'drawn'),
    )
    key = 'coco/AP' if leaf == 'lynx_alone' else 'lynx/AP'  # a CocoMetric calls itself coco where it is alone
    assert key in json.loads(out.read_text())
    pictures = list(work.rglob('drawn/**/*.png'))
    assert len(pictures) == (2 if leaf == 'lynx_alone' else 9)
    assert leaf == 'lynx_alone' or len([path for path in pictures if path.parent.name == 'lynx']) == 2
    assert cv2.imread(str(pictures[0])).shape[1] == 80
