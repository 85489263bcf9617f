"""Good images and annotation files with something changed at random, given to the readers of this package.

For processes of their own: a file that hangs or ends the process is a failure of it.
"""

from __future__ import annotations

import json
import random
import time
import warnings
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.hostile_images import kinds
from tests.helpers.mutate_files import change_bytes
from tests.helpers.tiny_kites import labels, make_config, samples, save, score_perfect_predictions, write_images
from vitpose_mm.checks.preflight import check_config
from vitpose_mm.datasets.convert.aic import convert_aic
from vitpose_mm.datasets.corrupt_images import find_corrupt_image
from vitpose_mm.datasets.transforms import SafeLoadImage
from vitpose_mm.inference.images import ImageError, read_image

VALUES = [None, True, False, 0, -1, 1, 3, 0.5, 1e9, 1e308, 2**53, 10**400, float('nan'), float('inf'), '', 'x', '1']
VALUES += [[], {}, [1], [None], [[1.0, 2.0]], {'id': 1}, {'a': {'b': []}}, [0] * 15, [1e5] * 15, [float('nan')] * 4]
Found = dict[str, Any]


def mutate_images(where: str, count: int, seed: int) -> Found:
    """Return how many changed images were read and refused, what went wrong, and the slowest."""
    rng, path = random.Random(seed), Path(where, 'a.png')
    sources = [next(iter(case.files.values())) for _, case in kinds()]
    small = [content for content in sources if len(content) < 100_000]
    warnings.simplefilter('ignore')

    def one() -> str:
        path.write_bytes(change_bytes(rng.choice(small), rng))
        try:
            image = SafeLoadImage().transform({'img_path': str(path)})['img']
            assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
        except Exception as error:
            if find_corrupt_image(error) is None:
                raise
        try:
            image = read_image(path)
        except ImageError as error:
            assert str(path) in str(error) and len(str(error)) < 1000 and str(error).isprintable()
            return 'refused'
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
        return 'read'

    return _repeat(one, count, seed, keep=lambda: path.read_bytes()[:2000])


def mutate_labels(where: str, count: int, seed: int) -> Found:
    """Return the same for annotation files; those that are taken can be trained on and scored."""
    rng, folder = random.Random(seed), Path(where)
    images = write_images(folder / 'images')

    def one() -> str:
        cfg, part = make_config(folder, images), rng.choice(['train', 'val'])
        _spoil(folder / f'{part}.json', labels(part), rng)
        try:
            notes = check_config(cfg)
        except ValueError as error:
            assert '\n' not in str(error) and len(str(error)) < 2000 and f'{part}.json' in str(error), error
            return 'refused'
        samples(cfg.train_dataloader.dataset)
        score_perfect_predictions(cfg.val_evaluator, cfg.val_dataloader.dataset, samples(cfg.val_dataloader.dataset))
        return 'said' if notes else 'read'

    def keep() -> dict[str, str]:
        return {part: (folder / f'{part}.json').read_bytes().decode('latin1')[:3000] for part in ('train', 'val')}

    return _repeat(one, count, seed, keep=keep)


def mutate_released_labels(where: str, count: int, seed: int) -> Found:
    """Return the same for AI Challenger's release, which is converted."""
    rng, folder = random.Random(seed), Path(where)
    images = write_images(folder / 'images')
    for file in images.glob('*.png'):
        file.rename(file.with_suffix('.jpg'))
    people = {'human1': [10, 10, 1] * 14}
    boxes = {'human1': [1, 2, 30, 40]}
    good = [
        {'image_id': f'train_{i}', 'keypoint_annotations': people, 'human_annotations': boxes, 'url': ''}
        for i in range(3)
    ]

    def one() -> str:
        source, target = folder / 'released.json', folder / 'aic.json'
        target.unlink(missing_ok=True)
        _spoil(source, good, rng)
        try:
            convert_aic(source, target, images=images)
        except ValueError as error:
            assert '\n' not in str(error) and len(str(error)) < 2000 and not target.exists()
            return 'refused'
        content = json.loads(target.read_text())
        assert len({one['id'] for one in content['annotations']}) == len(content['annotations'])
        assert all(len(one['keypoints']) == 42 and min(one['bbox'][2:]) >= 0 for one in content['annotations'])
        return 'read'

    return _repeat(one, count, seed, keep=lambda: (folder / 'released.json').read_bytes()[:3000])


def _repeat(one: Callable[[], str], count: int, seed: int, *, keep: Callable[[], Any]) -> Found:
    tally: Counter[str] = Counter()
    wrong: list[str] = []
    slowest = 0.0
    for number in range(count):
        start = time.process_time()
        try:
            tally[one()] += 1
        except Exception as error:
            wrong.append(f'{number} of seed {seed}: {type(error).__name__}: {error} with {keep()!r}')
        slowest = max(slowest, time.process_time() - start)
    return {'tally': dict(tally), 'wrong': wrong, 'slowest': slowest}


def _spoil(path: Path, good: Any, rng: random.Random) -> None:
    """Write the content with one to three values changed, or its bytes."""
    content = deepcopy(good)
    if rng.random() < 0.3:
        path.write_bytes(change_bytes(json.dumps(content).encode(), rng))
        return
    for _ in range(rng.randint(1, 3)):
        holder: Any = content
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(holder[key], (dict, list)) and holder[key] and rng.random() < 0.85:
                holder = holder[key]
                continue
            _change(holder, key, rng)
            break
    save(content, path)


def _change(holder: Any, key: Any, rng: random.Random) -> None:
    kind = rng.randrange(5)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(key, deepcopy(holder[key]))
    elif kind == 2 and type(holder[key]) in (int, float):
        holder[key] = holder[key] * rng.choice([-1, 0, 0.5, 1000, 1e300])
    elif kind == 3 and isinstance(holder, dict):
        holder[f'{key}x'] = holder.pop(key)
    else:
        holder[key] = deepcopy(rng.choice(VALUES))
