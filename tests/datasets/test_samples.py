"""Each dataset class with its shipped pipeline on real images: what training and testing are fed."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from tests.helpers.real_annotations import ROOT, SOURCES
from vitpose_mm.datasets import MultiDataset, SeededIndex

KEYPOINTS = {'aic': 14, 'crowdpose': 14, 'mpii': 16, 'wholebody': 133}
TESTED_ONLY = ('ochuman', 'human_art')


def shipped(name: str, samples: Path) -> dict:
    """Return a dataset as the shipped configs train on it, or test on it where they do not."""
    folder, file, base, stem = SOURCES[name]
    cfg = Config.fromfile(ROOT / f'configs/_base_/data/{base}_256x192.py')
    trained = cfg.train_dataloader.dataset
    dataset, pipeline = (
        (cfg[stem], cfg.val_pipeline) if name in TESTED_ONLY else (trained.datasets[0], trained.pipeline)
    )
    dataset = {**dataset.to_dict(), 'pipeline': pipeline}
    dataset.update(data_root=str(samples / folder), ann_file=file, data_prefix={'img': ''})
    return {key: value for key, value in dataset.items() if key not in ('bbox_file', 'headbox_file')}


@pytest.mark.parametrize('name', SOURCES)
def test_crops_and_targets_of_real_images(name: str, shared_data: Path, tmp_path: Path) -> None:
    cfg = shipped(name, shared_data / 'samples')
    if name == 'human_art':  # its files name images from the folder above
        (tmp_path / 'HumanArt').mkdir()
        (tmp_path / 'HumanArt/images').symlink_to(cfg['data_root'])
        cfg['data_prefix'] = {'img': str(tmp_path)}
    dataset = MultiDataset([cfg])
    number = KEYPOINTS.get(name, 17)
    labelled = seen = 0
    for place in range(len(dataset)):
        item = dataset[SeededIndex(place, epoch=0, seed=0)]
        sample = item['data_samples']
        assert item['inputs'].shape == (3, 256, 192) and item['inputs'].float().std() > 5
        assert len(sample.metainfo['flip_indices']) == number
        if name in TESTED_ONLY:
            continue
        assert 'raw_ann_info' not in sample.metainfo, 'a step does not read it, and copying it takes time'
        heatmaps = sample.gt_fields.heatmaps
        assert heatmaps.shape == (number, 64, 48)
        weights = sample.gt_instance_labels.keypoint_weights.ravel()
        peaks = heatmaps.flatten(1).amax(dim=1)
        labelled += int((weights > 0).sum())
        seen += int(((weights > 0) & (peaks > 0.7)).sum())
        assert not peaks[weights == 0].any(), 'a keypoint without weight has a target'
    assert len(dataset) > 1
    assert name in TESTED_ONLY or (labelled > 20 and seen > 0.9 * labelled), (seen, labelled)  # some at the very edge
