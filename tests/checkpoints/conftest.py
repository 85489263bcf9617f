"""Files that attack whoever opens them. The payload of each is harmless: it writes a marker file."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer


class Call:
    """Pickles as the result of ``function(*args)``: whoever unpickles it makes the call."""

    def __init__(self, function: Callable[..., Any], *args: object, state: object = None) -> None:
        self.function, self.args, self.state = function, args, state

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.function, self.args)
        return parts if self.state is None else (*parts, self.state)


def write_marker(marker: Path) -> str:
    return f'open({str(marker)!r}, "w").close()'


def getattr_walk(marker: Path) -> dict[str, Any]:
    """A training checkpoint whose HistoryBuffer plants ctypes' PyRun_SimpleString as its own 'mean'."""
    where = Call(getattr, np.zeros(1), 'ctypes')
    for name in ('_ctypes', 'pythonapi', 'PyRun_SimpleString'):
        where = Call(getattr, where, name)
    state = {
        'statistics_methods': {'mean': where},
        '_as_parameter_': write_marker(marker).encode(),
        '_log_history': np.ones(3),
        '_count_history': np.ones(3),
        'max_length': 10,
    }
    history = Call(HistoryBuffer, state=state)
    hub = {'log_scalars': OrderedDict(loss=history), 'runtime_info': {}, 'resumed_keys': {'loss': True}}
    return {'state_dict': {'weight': torch.ones(2)}, 'message_hub': hub, 'meta': {'iter': 1}}


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """The file that a payload writes."""
    return tmp_path / 'marker'


@pytest.fixture
def attacks(tmp_path: Path, marker: Path) -> dict[str, Path]:
    """One file for each attack, by name."""
    bomb = Call(os.system, f'touch {marker}')
    weights = {'weight': torch.ones(2)}
    files = {
        'bomb': {'state_dict': weights, 'meta': bomb},
        'walk': getattr_walk(marker),
        'eval': {'state_dict': weights, 'meta': Call(eval, write_marker(marker))},
        'object array': {'state_dict': weights, 'meta': Call(np.ndarray, (1,), 'O', b'12345678')},
        'object dtype': {'state_dict': weights, 'meta': np.array([None])},
        'record dtype': {'state_dict': weights, 'meta': np.zeros(1, [('a', 'f4')])},
    }
    paths = {}
    for name, content in files.items():
        paths[name] = tmp_path / f'{name.replace(" ", "_")}.pth'
        torch.save(content, paths[name])
    for protocol in (0, 2, 4):
        paths[f'plain pickle {protocol}'] = tmp_path / f'plain_{protocol}.pth'
        paths[f'plain pickle {protocol}'].write_bytes(pickle.dumps(bomb, protocol))
    paths['old format'] = tmp_path / 'old_format.pth'
    torch.save(files['bomb'], paths['old format'], _use_new_zipfile_serialization=False)
    return paths


@pytest.fixture
def clean_statistics() -> Iterator[None]:
    """HistoryBuffer's class attribute as it was, whatever a test plants in it."""
    before = dict(HistoryBuffer._statistics_methods)
    yield
    HistoryBuffer._statistics_methods.clear()
    HistoryBuffer._statistics_methods.update(before)


@pytest.fixture
def training_checkpoint() -> dict[str, Any]:
    """What mmengine's Runner saves, in small."""
    history = HistoryBuffer([3.0, 1.0, 2.0], [1, 1, 2], max_length=50)
    return {
        'meta': {'epoch': 2, 'iter': 7, 'dataset_meta': {'sigmas': np.linspace(0, 1, 5, dtype=np.float32)}},
        'state_dict': OrderedDict(weight=torch.arange(4.0), step=torch.tensor(3)),
        'message_hub': {
            'log_scalars': OrderedDict({'train/loss': history}),
            'runtime_info': OrderedDict(iter=7, eta=np.float64(1.5), flag=np.bool_(True)),
            'resumed_keys': OrderedDict({'train/loss': True, 'iter': True, 'eta': True}),
        },
        'optimizer': {'state': {0: {'exp_avg': torch.ones(4)}}, 'param_groups': [{'lr': 0.1, 'params': [0]}]},
        'param_schedulers': [{'last_step': 7, '_last_value': [np.float64(0.25)]}],
    }


WIDTH, DEPTH, GRID = 12, 2, (4, 3)


def random_state(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Return seeded weights of these names and shapes; variances are positive."""
    generator = torch.Generator().manual_seed(0)
    state = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    return {name: value.abs() + 0.5 if 'running_var' in name else value for name, value in state.items()}


def both(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    """A weight of that shape and its bias."""
    return {f'{name}.weight': shape, f'{name}.bias': shape[:1]}


def encoder_shapes(prefix: str, rows: int, *, patch: int = 16, shared: int = WIDTH) -> dict[str, tuple[int, ...]]:
    """The names that MAE, timm and the official code share, written by hand."""
    shapes = {f'{prefix}pos_embed': (1, rows, WIDTH)} | both(f'{prefix}patch_embed.proj', WIDTH, 3, patch, patch)
    for i in range(DEPTH):
        block = f'{prefix}blocks.{i}.'
        shapes |= both(f'{block}norm1', WIDTH) | both(f'{block}attn.qkv', 3 * WIDTH, WIDTH)
        shapes |= both(f'{block}attn.proj', WIDTH, WIDTH) | both(f'{block}norm2', WIDTH)
        shapes |= both(f'{block}mlp.fc1', 4 * WIDTH, WIDTH) | both(f'{block}mlp.fc2', shared, 4 * WIDTH)
    return shapes


def decoder_shapes(prefix: str, keypoints: int, *, classic: bool = True) -> dict[str, tuple[int, ...]]:
    """A decoder of the official code."""
    if not classic:
        return both(f'{prefix}final_layer', keypoints, WIDTH, 3, 3)
    shapes: dict[str, tuple[int, ...]] = {}
    for step, width in ((0, WIDTH), (3, 8)):
        shapes[f'{prefix}deconv_layers.{step}.weight'] = (width, 8, 4, 4)
        for leaf in ('weight', 'bias', 'running_mean', 'running_var'):
            shapes[f'{prefix}deconv_layers.{step + 1}.{leaf}'] = (8,)
    return shapes | both(f'{prefix}final_layer', keypoints, 8, 1, 1)


@pytest.fixture
def official() -> dict[str, torch.Tensor]:
    """A classic ViTPose of the authors' code: 12 wide, 2 blocks, a grid of 4 x 3."""
    shapes = encoder_shapes('backbone.', 13) | both('backbone.last_norm', WIDTH)
    return random_state(shapes | decoder_shapes('keypoint_head.', 17))


@pytest.fixture
def plus_plus() -> dict[str, torch.Tensor]:
    """A ViTPose++ of the authors' code: 6 experts of 3 features, 6 decoders, the mpii one wider than its keypoints."""
    shapes = encoder_shapes('backbone.', 13, shared=9) | both('backbone.last_norm', WIDTH)
    for i in range(DEPTH):
        for expert in range(6):
            shapes |= both(f'backbone.blocks.{i}.mlp.experts.{expert}', 3, 4 * WIDTH)
    shapes |= {'backbone.cls_token': (1, 1, WIDTH)} | decoder_shapes('keypoint_head.', 17)
    for place, keypoints in enumerate((14, 133, 17, 17, 133)):
        shapes |= decoder_shapes(f'associate_keypoint_heads.{place}.', keypoints)
    return random_state(shapes)


@pytest.fixture
def mae() -> dict[str, torch.Tensor]:
    """MAE's own checkpoint, with its decoder, of patch 14 and a grid of 4 x 4."""
    shapes = {'cls_token': (1, 1, WIDTH), 'mask_token': (1, 1, 8), 'decoder_pos_embed': (1, 17, 8)}
    shapes |= encoder_shapes('', 17, patch=14) | both('norm', WIDTH) | both('decoder_embed', 8, WIDTH)
    return random_state(shapes)
