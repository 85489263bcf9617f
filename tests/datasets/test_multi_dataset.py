from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmpose.datasets import CombinedDataset
from mmpose.registry import DATASETS as HOST_DATASETS
from torch.utils.data import DataLoader

from tests.helpers.tiny_coco import dataset_cfg, write_coco
from vitpose_mm.datasets import MultiDataset, SeededIndex, SeededSampler
from vitpose_mm.registry import DATASETS

COCO = {'from_file': 'configs/_base_/datasets/coco.py'}


@pytest.fixture(scope='module')
def aic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People with AI Challenger's 14 keypoints, in another order and with other pairs than COCO's."""
    return write_coco(tmp_path_factory.mktemp('aic'), num_images=6, num_keypoints=14, seed=1)


def _two_sets(coco: Path, aic: Path, **settings: object) -> list[dict]:
    return [dataset_cfg(coco, **settings), dataset_cfg(aic, type='AicDataset', **settings)]


def _load_epoch(dataset: MultiDataset, *, num_workers: int, epoch: int = 0) -> tuple[list[int], torch.Tensor]:
    """(ids, images) of an epoch in batches of 4."""
    sampler = SeededSampler(dataset, seed=1)
    sampler.set_epoch(epoch)
    loader = DataLoader(dataset, 4, sampler=sampler, num_workers=num_workers, collate_fn=pseudo_collate)
    batches = list(loader)
    ids = [sample.metainfo['img_id'] for batch in batches for sample in batch['data_samples']]
    return ids, torch.stack([image for batch in batches for image in batch['inputs']])


def test_augmentation_is_a_function_of_seed_epoch_and_index(coco: Path) -> None:
    dataset = MultiDataset([dataset_cfg(coco)])
    images = {
        (seed, epoch, index): dataset[SeededIndex(index, epoch=epoch, seed=seed)]['inputs']
        for seed in (0, 1)
        for epoch in (0, 1)
        for index in (0, 1)
    }
    np.random.rand(5)
    for (seed, epoch, index), image in images.items():
        assert torch.equal(image, dataset[SeededIndex(index, epoch=epoch, seed=seed)]['inputs'])
    assert len({image.numpy().tobytes() for image in images.values()}) == 8


def test_number_of_workers_changes_nothing(coco: Path) -> None:
    dataset = MultiDataset([dataset_cfg(coco)])
    ids, images = _load_epoch(dataset, num_workers=0)
    ids_of_two, images_of_two = _load_epoch(dataset, num_workers=2)
    assert ids == ids_of_two
    assert torch.equal(images, images_of_two)
    assert not torch.equal(images, _load_epoch(dataset, num_workers=2, epoch=1)[1])


def test_a_seeded_index_leaves_the_callers_random_state_alone_and_a_plain_one_draws_from_it(coco: Path) -> None:
    dataset = MultiDataset([dataset_cfg(coco)])
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    dataset[SeededIndex(0, epoch=0, seed=0)]
    assert np.random.rand() == expected
    np.random.seed(3)
    first = dataset[0]['inputs']
    assert not torch.equal(first, dataset[0]['inputs'])
    np.random.seed(3)
    assert torch.equal(first, dataset[0]['inputs'])


def test_each_dataset_keeps_its_own_skeleton_where_combined_dataset_does_not(coco: Path, aic: Path) -> None:
    """COCO's left and right alternate from 1 on; AIC's are three apart: 0-3, 1-4, 2-5, 6-9, ..."""
    aic_flip = [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8, 12, 13]
    coco_flip = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
    ours = MultiDataset(_two_sets(coco, aic))
    assert len(ours) == 20 + 6
    from_coco, from_aic = ours[SeededIndex(19)]['data_samples'], ours[SeededIndex(20)]['data_samples']
    assert (from_coco.dataset_name, from_aic.dataset_name) == ('coco', 'aic')
    assert from_coco.flip_indices == coco_flip
    assert from_aic.flip_indices == aic_flip
    assert from_aic.gt_fields.heatmaps.shape == (14, 16, 12)
    raw = MultiDataset(_two_sets(coco, aic, pipeline=[]))
    assert raw[20]['upper_body_ids'] == raw.datasets[1].metainfo['upper_body_ids'] != raw[0]['upper_body_ids']

    host = CombinedDataset(
        metainfo={'from_file': 'configs/_base_/datasets/coco.py'}, datasets=_two_sets(coco, aic, pipeline=[])
    )
    assert host.prepare_data(20)['flip_indices'] == coco_flip


def test_metainfo_is_the_first_datasets_or_the_given_one(coco: Path, aic: Path) -> None:
    datasets = _two_sets(coco, aic)
    assert MultiDataset(datasets).metainfo['dataset_name'] == 'coco'
    assert MultiDataset(datasets).metainfo['num_keypoints'] == 17
    given = MultiDataset(datasets, metainfo={'from_file': 'configs/_base_/datasets/mpii.py'})
    assert given.metainfo['dataset_name'] == 'mpii'


def test_it_is_built_from_a_config_and_lazily(coco: Path) -> None:
    cfg = {'type': 'vitpose_mm.MultiDataset', 'datasets': [dataset_cfg(coco, lazy_init=True)], 'lazy_init': True}
    dataset = DATASETS.build(cfg)
    assert isinstance(dataset, MultiDataset)
    assert HOST_DATASETS.get('vitpose_mm.MultiDataset') is MultiDataset
    assert not dataset._fully_initialized
    dataset.full_init()
    assert len(dataset) == 20
    assert dataset.get_data_info(3)['img_id'] == 3
    assert sum(1 for _ in dataset) == 20


def _unreadable_set(tmp_path: Path, **settings: object) -> Path:
    folder = write_coco(tmp_path)
    (folder / 'images/003.png').unlink()
    (folder / 'images/005.png').write_bytes(b'')
    (folder / 'images/007.png').write_bytes(b'no image at all')
    return folder


def test_an_unreadable_image_is_replaced_the_same_way_in_every_run(tmp_path: Path) -> None:
    folder = _unreadable_set(tmp_path)
    dataset = MultiDataset([dataset_cfg(folder)])
    reasons = {3: 'FileNotFoundError', 5: 'error', 7: 'AssertionError'}
    for index, reason in reasons.items():
        sample = dataset[SeededIndex(index, epoch=0, seed=0)]
        (first, *_) = sample['data_samples'].metainfo['unreadable_images']
        assert first[0] == str(folder / f'images/{index:03d}.png')
        assert first[1].startswith(reason)
        assert sample['data_samples'].img_id not in reasons
        again = dataset[SeededIndex(index, epoch=0, seed=0)]
        assert torch.equal(sample['inputs'], again['inputs'])
    assert 'unreadable_images' not in dataset[SeededIndex(0)]['data_samples'].metainfo
    stand_ins = {dataset[SeededIndex(3, epoch=epoch)]['data_samples'].img_id for epoch in range(8)}
    assert len(stand_ins) > 2


def test_other_errors_and_test_mode_are_not_hidden(coco: Path, tmp_path: Path) -> None:
    def fail(results: dict) -> dict:
        raise OSError('a transform that fails')

    with pytest.raises(OSError, match='a transform that fails'):
        MultiDataset([dataset_cfg(coco, pipeline=[{'type': 'LoadImage'}, fail])])[SeededIndex(0)]
    folder = _unreadable_set(tmp_path)
    with pytest.raises(FileNotFoundError, match=r'003\.png'):
        MultiDataset([dataset_cfg(folder, test_mode=True)])[3]


def test_images_that_are_all_unreadable_end_in_one_sentence(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, num_images=3)
    for file in (folder / 'images').iterdir():
        file.write_bytes(b'')
    with pytest.raises(ValueError, match=r'datasets\.0: 21 images .* cannot be read, .*00\d\.png .*data_prefix'):
        MultiDataset([dataset_cfg(folder)])[SeededIndex(0)]


def test_what_is_wrong_with_a_dataset_is_one_sentence(coco: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='no datasets'):
        MultiDataset([])
    with pytest.raises(
        ValueError, match=r"datasets\.1: data_root '/nowhere' is not a folder; .*'ann.json' and 'images'"
    ):
        MultiDataset([dataset_cfg(coco), dataset_cfg(Path('/nowhere'))])
    with pytest.raises(ValueError, match=r"annotation file '.*/other\.json' does not exist.*datasets\.0\.ann_file"):
        MultiDataset([dataset_cfg(coco, ann_file='other.json')])
    with pytest.raises(ValueError, match=r"image folder '.*/train' does not exist.*datasets\.0\.data_prefix\.img"):
        MultiDataset([dataset_cfg(coco, data_prefix={'img': 'train'})])
    other = write_coco(tmp_path / 'other', num_images=2, num_keypoints=14)
    with pytest.raises(ValueError, match=r'has 14 keypoints per person, the metainfo of CocoDataset has 17'):
        MultiDataset([dataset_cfg(other)])


@pytest.mark.parametrize('serialize', [True, False])
def test_a_dataset_without_usable_people_is_refused(tmp_path: Path, serialize: bool) -> None:
    folder = write_coco(tmp_path, num_images=3)
    content = json.loads((folder / 'ann.json').read_text())
    changes = ({'iscrowd': 1}, {'num_keypoints': 0}, {'bbox': [5, 5, 0, 9]})
    for person, change in zip(content['annotations'], changes, strict=True):
        person.update(change)
    (folder / 'ann.json').write_text(json.dumps(content))
    for lazy in (True, False):
        with pytest.raises(ValueError, match=r"datasets\.0: annotation file '.*ann\.json' has no usable person"):
            MultiDataset([dataset_cfg(folder, serialize_data=serialize, lazy_init=lazy)])


def test_named_subsets_are_told_apart_and_bring_their_metainfo(coco: Path, aic: Path) -> None:
    """The same dataset may be there twice, as two subsets; names decide about the order, whatever the config's is."""
    first, second = _two_sets(coco, aic)
    dataset = MultiDataset({'val': first, 'test': dict(first, indices=3), 'aic': second}, COCO)
    assert dataset.names == ['aic', 'test', 'val']
    found = [dataset[index]['data_samples'].metainfo['subset'] for index in (0, 5, 6, 8, 9, 28)]
    assert found == ['aic', 'aic', 'test', 'test', 'val', 'val']
    subsets = dataset.metainfo['subsets']
    assert {name: meta['num_keypoints'] for name, meta in subsets.items()} == {'val': 17, 'test': 17, 'aic': 14}
    assert dataset.metainfo['num_keypoints'] == 17
    assert MultiDataset({'raw': dict(first, pipeline=[])})[0]['subset'] == 'raw'
    listed = MultiDataset([first])
    assert 'subsets' not in listed.metainfo and 'subset' not in listed[0]['data_samples'].metainfo
    with pytest.raises(ValueError, match=r"datasets\.aic: data_root '/nowhere' is not a folder"):
        MultiDataset({'val': first, 'aic': dict(second, data_root='/nowhere')})


def test_one_pipeline_is_for_all_that_have_none(coco: Path, aic: Path) -> None:
    first, second = _two_sets(coco, aic)
    pipeline = first.pop('pipeline')
    dataset = MultiDataset({'a': first, 'b': dict(second, pipeline=[])}, pipeline=pipeline)
    assert dataset[SeededIndex(0)]['inputs'].shape == (3, 64, 48)
    assert 'inputs' not in dataset[SeededIndex(20)]
    assert 'pipeline' not in first
