"""Genuine checkpoints with something changed at random, opened one after another.

    .venv/bin/python tests/helpers/mutate_files.py 10000 [SEED]

Each is refused in one sentence or gives plain values; no code, no traceback, no hang, no flood of memory.
"""

from __future__ import annotations

import io
import pickletools
import random
import sys
import tempfile
import zipfile
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch

if __name__ == '__main__':
    from types import ModuleType

    sys.modules['tests'] = ModuleType('tests')  # this folder, whatever else is installed by that name
    sys.modules['tests'].__path__ = [str(Path(__file__).resolve().parents[1])]

from tests.helpers.open_hostile_files import open_one, watched_from_here
from tests.helpers.pickle_bytes import call, name, text

PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, torch.Size, torch.dtype, torch.device)
INTERESTING = [b'', b'\x00', b'\xff', b'\xff\xff\xff\x7f', b'\xff\xff\xff\xff', b'\x00\x00\x00\x80', b'\xff' * 8]
# opcodes to put anywhere: calls, states, memos, marks, lengths
ATTACKS = [call(name('posix', 'system'), text('exit 7')), name('builtins', 'eval'), b'R', b'b', b'\x81', b'\x93', b'Q']
ATTACKS += [
    b'(',
    b't',
    b'0',
    b'1',
    b'2',
    b'e',
    b'u',
    b's',
    b'a',
    b'h\x00',
    b'q\x00',
    b'\x94',
    b'j\xff\xff\xff\xff',
    b'\x95' * 9,
]


def genuine(folder: Path) -> list[Path]:
    """Write small checkpoints of every format."""
    from mmengine.logging import HistoryBuffer
    from safetensors.torch import save_file

    state = OrderedDict({f'layer{n}.weight': torch.randn(3, 4) for n in range(4)}, step=torch.tensor(3))
    state['half'] = torch.randn(5).half()
    state['shared'] = state['layer0.weight'].t()
    training = {
        'meta': {'epoch': 1, 'iter': 4, 'cfg': 'a = 1\n', 'dataset_meta': {'sigmas': np.ones(3, np.float32)}},
        'state_dict': state,
        'message_hub': {
            'log_scalars': OrderedDict({'loss': HistoryBuffer([3.0, 1.0], [1, 1], max_length=50)}),
            'runtime_info': OrderedDict(iter=7, eta=np.float64(1.5), best_ckpt='a/b.pth'),
            'resumed_keys': OrderedDict(loss=True),
        },
        'optimizer': {'state': {0: {'step': torch.tensor(4.0)}}, 'param_groups': [{'lr': 0.1, 'betas': (0.9, 0.999)}]},
        'param_schedulers': [{'milestones': Counter({3: 1}), '_last_value': [np.float64(0.25)]}],
    }
    files = [folder / f'{kind}.pth' for kind in ('training', 'bare', 'old', 'protocol4', 'protocol5')]
    torch.save(training, files[0])
    torch.save(dict(state), files[1])
    torch.save(training, files[2], _use_new_zipfile_serialization=False)
    for protocol in (4, 5):
        torch.save(training, files[protocol - 1], pickle_protocol=protocol)
    safe = folder / 'safe.safetensors'
    save_file({key: value.contiguous().clone() for key, value in state.items()}, safe)
    return [*files, safe]


def change_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return bytes with one to four positions flipped, overwritten, cut out, doubled or cut off."""
    found = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(found) + 1), rng.choice((1, 1, 2, 4, 8, 64, 512))
        kind = rng.randrange(6)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            found[at : at + length] = rng.randbytes(length)
        elif kind == 2:
            value = rng.choice(INTERESTING)
            found[at : at + len(value)] = value
        elif kind == 3:
            del found[at : at + length]
        elif kind == 4:
            found[at:at] = found[at : at + length]
        else:
            del found[max(at, 1) :]
    return bytes(found)


def change_pickle(content: bytes, rng: random.Random) -> bytes:
    """Change a pickle: opcodes removed, doubled, exchanged, put in, or with another argument."""
    starts = [position for _, _, position in pickletools.genops(content)]
    steps = [content[start:end] for start, end in zip(starts, [*starts[1:], len(content)], strict=True)]
    for _ in range(rng.randint(1, 3)):
        at, other, kind = rng.randrange(len(steps)), rng.randrange(len(steps)), rng.randrange(6)
        if kind == 0:
            del steps[at : at + rng.randint(1, 5)]
        elif kind == 1:
            steps.insert(other, steps[at])
        elif kind == 2:
            steps[at], steps[other] = steps[other], steps[at]
        elif kind == 3:
            steps.insert(at, rng.choice(ATTACKS))
        elif kind == 4:
            steps[at] = steps[at][:1] + rng.choice(INTERESTING)
        else:
            steps[at] = rng.choice(ATTACKS)
        steps = steps or [b'.']
    return b''.join(steps)


def change_zip(content: bytes, rng: random.Random) -> bytes:
    """Change the pickle in a zip file that is whole otherwise."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, 'w') as archive:
        for member in source.namelist():
            raw = source.read(member)
            archive.writestr(member, change_pickle(raw, rng) if member.endswith('data.pkl') else raw)
    return target.getvalue()


def is_plain(value: Any) -> bool:
    """Whether a value, and all that it holds, is of a type that nobody can attack with."""
    kind = type(value)
    if kind in (dict, OrderedDict, Counter):
        return all(type(key) in PLAIN and is_plain(one) for key, one in value.items())
    if kind in (list, tuple, set, frozenset):
        return all(is_plain(one) for one in value)
    numbers = isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in 'biufc'
    return kind in PLAIN or kind is torch.Tensor or numbers or kind.__name__ == 'HistoryBuffer'


def mutate(where: str, count: int, seed: int) -> dict[str, Any]:
    """Return how many changed files were refused and how many loaded, and what went wrong, with their numbers."""
    folder, rng = Path(where), random.Random(seed)
    sources = [(path.suffix, path.read_bytes()) for path in genuine(folder)]
    tally: Counter[str] = Counter()
    wrong: list[str] = []
    slowest = 0.0
    with watched_from_here(folder):
        for number in range(count):
            suffix, content = rng.choice(sources)
            is_zip = content.startswith(b'PK')
            changed = change_zip(content, rng) if is_zip and rng.random() < 0.6 else change_bytes(content, rng)
            path = folder / f'changed{suffix}'
            path.write_bytes(changed)
            found = open_one(path, is_plain)
            slowest = max(slowest, found['seconds'])
            tally[next(iter(found))] += 1
            says = found.get('says', '')
            if 'traceback' in found or found.get('loads') == 'odd' or len(says) > 500 or not says.isprintable():
                wrong.append(f'{number} of seed {seed}: {found}')
                (folder / f'wrong{number}{suffix}').write_bytes(changed)
    return {'tally': dict(tally), 'wrong': wrong, 'slowest': slowest}


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as name_of_folder:
        print(mutate(name_of_folder, int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
