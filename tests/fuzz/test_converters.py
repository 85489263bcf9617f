"""Checkpoints of any size there and back; with a key too many, too few or of another shape: a sentence."""

from __future__ import annotations

import re

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vitpose_mm.checkpoints import convert

State = dict[str, Tensor]
TARGETS = st.sampled_from(['vitpose_mm', 'mmpose', 'official', 'hf'])
ODD = st.sampled_from([(), (0,), (1,), (3, 3), (1, 1, 1, 1), (1, 14, 8), (2, 0, 5)])


@st.composite
def officials(draw: st.DrawFn) -> State:
    """A small ViTPose of the authors' code: any depth, width and grid."""
    width, depth = 4 * draw(st.integers(1, 4)), draw(st.integers(1, 3))
    unit = draw(st.integers(1, 2))
    tokens = draw(st.sampled_from([12 * unit * unit, (3 + unit) ** 2]))
    shapes: dict[str, tuple[int, ...]] = {'backbone.pos_embed': (1, 1 + tokens, width)}

    def add(name: str, *shape: int) -> None:
        shapes[f'{name}.weight'], shapes[f'{name}.bias'] = shape, shape[:1]

    add('backbone.patch_embed.proj', width, 3, 16, 16)
    add('backbone.last_norm', width)
    for i in range(depth):
        block = f'backbone.blocks.{i}'
        for name, shape in (('norm1', (width,)), ('norm2', (width,)), ('attn.qkv', (3 * width, width))):
            add(f'{block}.{name}', *shape)
        add(f'{block}.attn.proj', width, width)
        add(f'{block}.mlp.fc1', 4 * width, width)
        add(f'{block}.mlp.fc2', width, 4 * width)
    add('keypoint_head.final_layer', draw(st.integers(1, 20)), width, 3, 3)
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


@given(state=officials(), target=TARGETS)
def test_there_and_back_is_bit_equal(state: State, target: str) -> None:
    position = state['backbone.pos_embed']
    if target == 'mmpose':  # which has no first row: it is added to the others
        state['backbone.pos_embed'] = torch.cat([torch.zeros_like(position[:, :1]), position[:, 1:]], 1)
    there, report = convert(state, target=target)
    assert report.complete and report.origin == 'official'
    back, report = convert(there, target='official')
    assert report.complete
    assert back.keys() == state.keys() and all(torch.equal(back[name], state[name]) for name in state)


@given(state=officials(), target=TARGETS, data=st.data())
def test_a_damaged_state_is_refused_or_reported(state: State, target: str, data: st.DataObject) -> None:
    names = st.sampled_from(sorted(state))
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(names)
        kind = data.draw(st.sampled_from(['remove', 'reshape', 'rename', 'add', 'grid']))
        if kind == 'remove':
            state.pop(name, None)
        elif kind == 'reshape':
            state[name] = torch.zeros(data.draw(ODD))
        elif kind == 'rename' and name in state:
            state[data.draw(st.sampled_from(['x', name + '.x', name.replace('blocks.0', 'blocks.99')]))] = state.pop(
                name
            )
        elif kind == 'add':
            state[data.draw(st.text(max_size=9).map(lambda text: 'backbone.' + text))] = torch.zeros(2)
        else:
            state['backbone.pos_grid'] = torch.zeros(data.draw(ODD))
    try:
        convert(state, target=target)
    except ValueError as error:
        assert len(str(error)) < 600 and re.search('[.)]$', str(error))
