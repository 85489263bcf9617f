"""Files come back equal, or are refused in one sentence."""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.helpers.pickle_bytes import call, dct, name, number, storage, tensor, tup, write_zip
from tests.helpers.pickle_bytes import whole as pickled
from vitpose_mm.checkpoints import CheckpointError, check_checkpoint, load_file
from vitpose_mm.checkpoints.writing import save_file as write_file

ATTACKS = {
    'bomb': 'posix.system',
    'walk': 'HistoryBuffer|attribute',
    'eval': 'eval',
    'object array': 'numpy.ndarray',
    'object dtype': "a numpy array of 'O8'",
    'record dtype': "a numpy array of 'V4'",
    'old format': 'posix.system',
    'plain pickle 0': 'a plain Python pickle',
    'plain pickle 2': 'a plain Python pickle',
    'plain pickle 4': 'a plain Python pickle',
}


@pytest.mark.parametrize('name', ATTACKS)
@pytest.mark.parametrize('opened', [load_file, check_checkpoint])
def test_attacks_are_refused_in_one_sentence_that_names_the_file(
    attacks: dict[str, Path], marker: Path, name: str, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    with pytest.raises(
        CheckpointError, match=rf'{attacks[name].name} was not opened: it asks for .*({ATTACKS[name]})'
    ) as info:
        opened(attacks[name])
    assert '\n' not in str(info.value) and len(str(info.value)) < 400
    assert not marker.exists()


@pytest.mark.parametrize('name', ['bomb', 'eval', 'old format'])
def test_the_attack_files_are_real(attacks: dict[str, Path], marker: Path, name: str) -> None:
    torch.load(attacks[name], weights_only=False)
    assert marker.exists()


def _truncated(path: Path) -> None:
    torch.save({'state_dict': {'weight': torch.ones(1000)}}, path)
    path.write_bytes(path.read_bytes()[:-200])


def _truncated_old_format(path: Path) -> None:
    torch.save({'state_dict': {'weight': torch.ones(1000)}}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:60])


def _truncated_safetensors(path: Path) -> None:
    save_file({'weight': torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:-200])


DAMAGED = {
    'truncated.pth': (_truncated, 'truncated, damaged or not a checkpoint'),
    'truncated_old.pth': (_truncated_old_format, 'truncated, damaged or not a checkpoint'),
    'truncated.safetensors': (_truncated_safetensors, 'truncated, damaged or not a checkpoint'),
    'empty.pth': (lambda path: path.touch(), 'is empty'),
    'page.pth': (lambda path: path.write_text('<html>404</html>'), 'truncated, damaged or not a checkpoint'),
    'missing.pth': (lambda path: None, 'does not exist'),
    'folder.pth': (lambda path: path.mkdir(), 'is a folder'),
    'list.pth': (lambda path: torch.save([torch.ones(1)], path), 'holds a list'),
}


@pytest.mark.parametrize('name', DAMAGED)
@pytest.mark.parametrize('opened', [load_file, check_checkpoint])
def test_damaged_files_are_named_in_one_sentence(tmp_path: Path, name: str, opened: Any) -> None:
    make, message = DAMAGED[name]
    make(tmp_path / name)
    with pytest.raises(CheckpointError, match=message) as info:
        opened(tmp_path / name)
    assert name in str(info.value) and '\n' not in str(info.value)


def test_a_training_checkpoint_comes_back_equal(tmp_path: Path, training_checkpoint: dict[str, Any]) -> None:
    torch.save(training_checkpoint, tmp_path / 'c.pth')
    loaded = load_file(tmp_path / 'c.pth')
    assert list(loaded) == list(training_checkpoint)
    assert torch.equal(loaded['state_dict']['weight'], torch.arange(4.0))
    assert loaded['optimizer']['param_groups'] == [{'lr': 0.1, 'params': [0]}]
    assert loaded['param_schedulers'] == [{'last_step': 7, '_last_value': [0.25]}]
    info = loaded['message_hub']['runtime_info']
    assert info == {'iter': 7, 'eta': 1.5, 'flag': True} and type(info['eta']) is np.float64
    sigmas = loaded['meta']['dataset_meta']['sigmas']
    assert sigmas.dtype == np.float32 and np.array_equal(sigmas, np.linspace(0, 1, 5, dtype=np.float32))


def test_configs_that_would_be_run_are_dropped(tmp_path: Path, training_checkpoint: dict[str, Any]) -> None:
    training_checkpoint['meta'].update(config='boom', cfg='boom', seed=3)
    training_checkpoint['message_hub']['runtime_info']['cfg'] = 'boom'
    torch.save(training_checkpoint, tmp_path / 'c.pth')
    assert 'boom' not in str(load_file(tmp_path / 'c.pth'))
    assert load_file(tmp_path / 'c.pth')['meta']['seed'] == 3


def test_tensors_with_attributes_of_their_own_come_without_them(tmp_path: Path) -> None:
    """As in FSDP's state dicts; torch writes them by a function that calls what it is given, which is not done here."""
    tensor = torch.arange(6.0).view(2, 3)
    tensor._has_been_cloned = True  # type: ignore[attr-defined]
    torch.save({'a': tensor}, tmp_path / 'a.pth')
    assert b'_rebuild_from_type_v2' in (tmp_path / 'a.pth').read_bytes()
    loaded = load_file(tmp_path / 'a.pth')
    assert torch.equal(loaded['a'], tensor)
    assert not hasattr(loaded['a'], '_has_been_cloned')


def test_a_dict_with_attributes_of_its_own_hides_no_config(tmp_path: Path) -> None:
    meta = OrderedDict(config='boom')
    meta.__dict__.update(pop='mine', get='mine', _metadata={'': {'version': 2}, 'a': {'version': 'x'}, 'b': 3})
    torch.save(OrderedDict(meta=meta), tmp_path / 'c.pth')
    loaded = load_file(tmp_path / 'c.pth')
    assert 'config' not in loaded['meta'] and vars(loaded['meta']) == {'_metadata': {'': {'version': 2}}}
    meta.__dict__.update(pop=np.core.multiarray._reconstruct)  # type: ignore[attr-defined]
    torch.save(OrderedDict(meta=meta), tmp_path / 'c.pth')
    with pytest.raises(CheckpointError, match=r'asks for numpy\.core\.multiarray\._reconstruct'):
        load_file(tmp_path / 'c.pth')


def test_tensors_of_safetensors_stay_as_they_were_read(tmp_path: Path) -> None:
    save_file({'weight': torch.zeros(100_000)}, tmp_path / 'w.safetensors')
    found = load_file(tmp_path / 'w.safetensors')['weight']
    with (tmp_path / 'w.safetensors').open('r+b') as file:
        file.seek(200_000)
        file.write(b'\1' * 200_000)
    assert not found.any()


def test_safetensors_that_are_not_installed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_file({'weight': torch.arange(6.0)}, tmp_path / 'w.safetensors')
    monkeypatch.setitem(sys.modules, 'safetensors.torch', None)
    with pytest.raises(CheckpointError, match=r'w\.safetensors needs the package safetensors: run .pip'):
        load_file(tmp_path / 'w.safetensors')
    with pytest.raises(ValueError, match=r'v\.safetensors needs the package safetensors'):
        write_file({'weight': torch.arange(6.0)}, tmp_path / 'v.safetensors')


def test_safetensors_come_back_equal(tmp_path: Path) -> None:
    save_file({'weight': torch.arange(6.0).view(2, 3)}, tmp_path / 'w.safetensors')
    assert torch.equal(load_file(tmp_path / 'w.safetensors')['weight'], torch.arange(6.0).view(2, 3))
    check_checkpoint(tmp_path / 'w.safetensors')


def test_the_check_reads_no_tensor_and_lets_addresses_pass(tmp_path: Path) -> None:
    torch.save({'state_dict': {'weight': torch.ones(3)}}, tmp_path / 'c.pth')
    check_checkpoint(tmp_path / 'c.pth')
    assert load_file(tmp_path / 'c.pth', 'meta')['state_dict']['weight'].is_meta
    for address in ('https://x.org/w.pth', 'torchvision://resnet50', 'open-mmlab:s3://w.pth'):
        check_checkpoint(address)
    torch.save({'meta': {'iter': 3}}, tmp_path / 'none.pth')
    with pytest.raises(CheckpointError, match=r'none\.pth holds no weights: its keys are meta\.'):
        check_checkpoint(tmp_path / 'none.pth')


@pytest.mark.parametrize('dtype', [torch.complex64, torch.float8_e4m3fn, torch.float8_e5m2, torch.float16])
@pytest.mark.parametrize('suffix', ['pth', 'safetensors'])
def test_nan_in_weights_of_every_type_is_refused(tmp_path: Path, dtype: torch.dtype, suffix: str) -> None:
    good, bad = torch.ones(4).to(dtype), torch.tensor([1, float('nan')]).to(dtype)
    write = save_file if suffix == 'safetensors' else torch.save
    write({'w': good}, tmp_path / f'good.{suffix}')
    write({'w': bad}, tmp_path / f'bad.{suffix}')
    assert load_file(tmp_path / f'good.{suffix}')['w'].dtype == dtype
    with pytest.raises(CheckpointError, match='NaN or infinity in the weight w'):
        load_file(tmp_path / f'bad.{suffix}')


def test_no_number_hides_from_the_check_behind_another_type(tmp_path: Path) -> None:
    whole = storage(kind=name('torch', 'LongStorage'), numel=2)
    untyped = storage(kind=name('torch.storage', 'UntypedStorage'), numel=16)
    ints, weights = tensor(source=whole, size=tup(number(2))), dct({'w': tensor()})

    def typed(source: bytes, dtype: str, size: int) -> bytes:
        shape, hooks = (tup(number(size)), tup(number(1)), b'\x89'), call(name('collections', 'OrderedDict'))
        return call(name('torch._utils', '_rebuild_tensor_v3'), source, number(0), *shape, hooks, name('torch', dtype))

    contents = {
        'ints first': dct({'a': ints, 'state_dict': weights}),
        'ints last': dct({'state_dict': weights, 'a': ints}),
        'untyped': dct({'state_dict': dct({'w': typed(untyped, 'float32', 4)})}),
        '8 bits': dct({'state_dict': dct({'w': typed(untyped, 'float8_e4m3fn', 16)})}),
        'ints as floats': dct({'state_dict': dct({'w': typed(whole, 'float32', 4)})}),
    }
    nan = {'0': b'\xff\x7f' * 8}  # in float32, in float8 too
    for title, content in contents.items():
        file = tmp_path / f'{title}.pth'
        write_zip(file, pickled(content), data=nan)
        with pytest.raises(CheckpointError, match=r'NaN or infinity in the weight w|on a storage that does too'):
            load_file(file)


@pytest.mark.parametrize(
    ('checkpoint', 'reason'),
    [
        ({'state_dict': {'w': torch.full((1,), complex('nan'))}}, 'NaN or infinity in the weight w'),
        ({'state_dict': {'w': torch.ones(1)}, 'ema_state_dict': {'w': torch.tensor([float('nan')])}}, 'NaN'),
        ({'state_dict': None, 'model': {'w': torch.ones(1)}}, 'a NoneType under state_dict'),
        ({'state_dict': {'w': {'x': torch.ones(1)}}, 'model': {'w': torch.ones(1)}}, 'a dict as the weight w'),
        ({'state_dict': {'w': torch.ones(1)}, 'ema_state_dict': [1]}, 'a list under ema_state_dict'),
    ],
)
def test_all_that_mmengine_takes_for_weights_is_checked(tmp_path: Path, checkpoint: dict, reason: str) -> None:
    torch.save(checkpoint, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match=reason):
        load_file(tmp_path / 'a.pth')


@pytest.mark.parametrize(
    'path',
    ['a' * 5000, f'{"a" * 300}.pth', '~nobody-of-this-name/a.pth', 'a\0b.pth'],
    ids=['path', 'name', 'home', 'zero'],
)
def test_paths_that_cannot_be(path: str) -> None:
    with pytest.raises(CheckpointError, match=r'too long|home folder of nobody|does not exist'):
        load_file(path)
