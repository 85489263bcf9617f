"""Every way of a checkpoint through two conversions and back gives the same bytes of every tensor."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitpose_mm.checkpoints import load_file, state_dict_of
from vitpose_mm.checkpoints.key_tables import TARGETS
from vitpose_mm.checkpoints.writing import convert_file

State = dict[str, torch.Tensor]
SIMPLE = ('keypoint_head.deconv_layers.', 'keypoint_head.final_layer.')


def contents(state: State) -> dict[str, tuple]:
    """Return type, shape and bytes of every tensor; unlike numbers, bytes tell -0 from 0."""
    return {
        name: (value.dtype, tuple(value.shape), value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        for name, value in state.items()
    }


def with_odd_numbers(state: State, dtype: torch.dtype) -> State:
    """Return a state of a type, with -0, the smallest and the largest number in each weight of two or more numbers."""
    finite = torch.finfo(dtype)
    state = {name: value.to(dtype) for name, value in state.items()}
    for name, value in state.items():
        if value.numel() > 2 and 'pos_embed' not in name and 'running_var' not in name:
            value.view(-1)[:3] = torch.tensor([-0.0, finite.smallest_normal / 4, finite.max], dtype=dtype)
    return state


def simple_decoder(state: State) -> State:
    """Return the state with the simple decoder in place of the classic one."""
    kept = {name: value for name, value in state.items() if not name.startswith(SIMPLE)}
    width = state['backbone.last_norm.weight'].numel()
    weight, bias = torch.linspace(-1, 1, 17 * width * 9).view(17, width, 3, 3), torch.linspace(0, 1, 17)
    return kept | {'keypoint_head.final_layer.weight': weight, 'keypoint_head.final_layer.bias': bias}


def write_start(state: State, start: str, folder: Path) -> Path:
    """Write the authors' weights to a file and convert it to the format that the way starts from."""
    torch.save({'state_dict': state}, folder / 'official.pth')
    if start == 'official':
        return folder / 'official.pth'
    assert convert_file(folder / 'official.pth', folder / 'start.safetensors', target=start).complete
    return folder / 'start.safetensors'


def there_and_back(source: Path, start: str, through: str, suffix: str) -> tuple[State, State]:
    """Convert a file to another format and back, by files; return the weights of both ends."""
    folder = source.parent
    assert convert_file(source, folder / f'through{suffix}', target=through).complete
    assert convert_file(folder / f'through{suffix}', folder / f'back{suffix}', target=start).complete
    return state_dict_of(load_file(source)), state_dict_of(load_file(folder / f'back{suffix}'))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16], ids=['fp32', 'fp16', 'bf16'])
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
@pytest.mark.parametrize('through', TARGETS)
@pytest.mark.parametrize('start', TARGETS)
@pytest.mark.parametrize('decoder', ['classic', 'simple'])
def test_every_way_there_and_back_keeps_every_byte(
    decoder: str, start: str, through: str, suffix: str, dtype: torch.dtype, official: State, tmp_path: Path
) -> None:
    state = with_odd_numbers(simple_decoder(official) if decoder == 'simple' else official, dtype)
    given, back = there_and_back(write_start(state, start, tmp_path), start, through, suffix)
    if through == 'mmpose' and start != 'mmpose':  # it has no embedding of a class token: it is added to the others
        position = next(name for name in given if name.endswith(('pos_embed', 'position_embeddings')))
        ours, theirs = given.pop(position), back.pop(position)
        assert not theirs[:, 0].any() and torch.equal(theirs[:, 1:], ours[:, 1:] + ours[:, :1])
    assert contents(given) == contents(back)


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
@pytest.mark.parametrize(('start', 'through'), [('official', 'vitpose_mm'), ('vitpose_mm', 'official')])
def test_experts_and_decoders_of_several_datasets_keep_every_byte(
    start: str, through: str, suffix: str, plus_plus: State, tmp_path: Path
) -> None:
    del plus_plus['backbone.cls_token']  # in the authors' file and not used by their model
    for part in ('weight', 'bias'):  # outputs beyond a dataset's keypoints are cut on reading: leave none
        name = f'associate_keypoint_heads.1.final_layer.{part}'
        plus_plus[name] = plus_plus[name][:16].clone()
    source = write_start(with_odd_numbers(plus_plus, torch.float32), start, tmp_path)
    given, back = there_and_back(source, start, through, suffix)
    assert len(given) > 100
    assert contents(given) == contents(back)


def test_one_changed_bit_is_seen() -> None:
    assert contents({'a': torch.zeros(2)}) != contents({'a': torch.tensor([0.0, -0.0])})
    assert contents({'a': torch.zeros(2)}) != contents({'a': torch.zeros(2, dtype=torch.float16)})
