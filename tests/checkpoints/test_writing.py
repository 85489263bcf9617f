from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vitpose_mm.checkpoints import CheckpointError, load_file
from vitpose_mm.checkpoints.writing import convert_file, publish_file, save_file

State = dict[str, torch.Tensor]


@pytest.mark.parametrize('suffix', ['.pth', '.pt', '.bin', '.safetensors'])
def test_views_are_written_without_what_they_are_a_part_of(tmp_path: Path, suffix: str) -> None:
    whole = torch.randn(100, 1000)
    parts = {'a': whole[3], 'b': whole[:, 1], 'c': whole[3]}
    save_file(parts, tmp_path / f'new/w{suffix}')
    loaded = load_file(tmp_path / f'new/w{suffix}') if suffix != '.bin' else torch.load(tmp_path / 'new/w.bin')
    assert all(torch.equal(loaded[name], parts[name]) for name in parts)
    assert (tmp_path / f'new/w{suffix}').stat().st_size < 20_000
    assert [file.name for file in (tmp_path / 'new').iterdir()] == [f'w{suffix}']
    with pytest.raises(ValueError, match=r'w\.zip has no suffix that is known: use one of \.pth'):
        save_file(parts, tmp_path / 'w.zip')


def test_a_file_is_converted_and_keeps_its_dataset_meta(tmp_path: Path, official: State) -> None:
    meta = {'dataset_meta': {'dataset_name': 'coco'}, 'epoch': 3}
    torch.save({'state_dict': official, 'meta': meta, 'optimizer': {'x': 1}}, tmp_path / 'a.pth')
    report = convert_file(tmp_path / 'a.pth', tmp_path / 'b.pth')
    assert report.complete
    written = load_file(tmp_path / 'b.pth')
    assert written['meta'] == {'converted_from': 'official', 'dataset_meta': {'dataset_name': 'coco'}}
    assert written['state_dict']['backbone.pos_grid'].tolist() == [4, 3]
    convert_file(tmp_path / 'b.pth', tmp_path / 'c.safetensors', target='hf')
    convert_file(tmp_path / 'c.safetensors', tmp_path / 'd.pth', target='official')
    back = load_file(tmp_path / 'd.pth')['state_dict']
    assert back.keys() == official.keys() and all(torch.equal(back[name], official[name]) for name in official)
    convert_file(tmp_path / 'b.pth', tmp_path / 'pytorch_model.bin', target='hf')
    assert 'head.conv.weight' in load_file(tmp_path / 'pytorch_model.bin')


def test_one_dataset_of_several_gets_its_own_meta_or_none(tmp_path: Path, plus_plus: State) -> None:
    coco, animals = {'dataset_name': 'coco'}, {'dataset_name': 'ap10k'}
    for name, meta in (('listed', coco), ('named', coco | {'subsets': {'a': coco, 'b': animals}})):
        source = tmp_path / f'{name}.pth'
        torch.save({'state_dict': plus_plus, 'meta': {'dataset_meta': meta}}, source)
        for dataset, wanted in (('coco', coco), ('ap10k', animals if name == 'named' else None), ('wholebody', None)):
            assert convert_file(source, tmp_path / 'b.pth', dataset=dataset).complete
            assert load_file(tmp_path / 'b.pth')['meta'].get('dataset_meta') == wanted


def test_nothing_is_written_unless_it_is_complete(tmp_path: Path, official: State) -> None:
    del official['backbone.blocks.1.norm1.weight']
    torch.save(official, tmp_path / 'a.pth')
    report = convert_file(tmp_path / 'a.pth', tmp_path / 'b.pth')
    assert report.missing == ['backbone.blocks.1.norm1.weight']
    assert not (tmp_path / 'b.pth').exists()
    with pytest.raises(ValueError, match='is the source too'):
        convert_file(tmp_path / 'a.pth', tmp_path / 'x/../a.pth')
    torch.save({'conv1.weight': torch.ones(1)}, tmp_path / 'resnet.pth')
    with pytest.raises(ValueError, match=r'resnet\.pth: The names of the file \(conv1\.weight'):
        convert_file(tmp_path / 'resnet.pth', tmp_path / 'b.pth')


def test_publishing_keeps_weights_and_dataset_meta(tmp_path: Path, training_checkpoint: dict[str, Any]) -> None:
    training_checkpoint['meta']['cfg'] = 'x = 1'
    torch.save(training_checkpoint, tmp_path / 'epoch_2.pth')
    before, after = publish_file(tmp_path / 'epoch_2.pth', tmp_path / 'model.pth')
    assert (before, after) == tuple((tmp_path / name).stat().st_size for name in ('epoch_2.pth', 'model.pth'))
    assert after < before
    published = load_file(tmp_path / 'model.pth')
    assert set(published) == {'meta', 'state_dict'} and set(published['meta']) == {'dataset_meta'}
    sigmas = training_checkpoint['meta']['dataset_meta']['sigmas']
    assert np.array_equal(published['meta']['dataset_meta']['sigmas'], sigmas)
    for name, value in training_checkpoint['state_dict'].items():
        assert torch.equal(published['state_dict'][name], value)


def test_publishing_refuses_attacks_and_files_without_weights(
    tmp_path: Path, attacks: dict[str, Path], marker: Path
) -> None:
    for name in ('bomb', 'walk'):
        with pytest.raises(CheckpointError, match='was not opened'):
            publish_file(attacks[name], tmp_path / 'model.pth')
    torch.save({'meta': {}}, tmp_path / 'none.pth')
    with pytest.raises(CheckpointError, match=r'none\.pth: The checkpoint holds no weights'):
        publish_file(tmp_path / 'none.pth', tmp_path / 'model.pth')
    assert not marker.exists() and not (tmp_path / 'model.pth').exists()
