"""Predictions made from labels with known errors, and made-up labels that leave room for all kinds of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

# of five keypoints, two of them a pair, in shares of the square root of a person's area
LYNX = np.array([(0.5, 0.0), (0.1, 0.3), (0.9, 0.3), (0.5, 0.6), (0.5, 1.0)])
LYNX_SIGMAS, LYNX_FLIPS = np.full(5, 0.05), [0, 2, 1, 3, 4]
LYNX_NAMES = ['nose', 'left_ear', 'right_ear', 'shoulder', 'tail']
NEAR = np.sqrt(2 * np.log(2))  # distance over the spread of a keypoint where ks is .5


def make_lynxes(num_images: int, *, rng: np.random.Generator) -> dict:
    """Return COCO labels: three well-separated lynxes an image, of all sizes, each with two keypoints at least."""
    images, annotations = [], []
    for image_id in range(num_images):
        images.append({'id': image_id, 'file_name': f'{image_id}.png', 'width': 900, 'height': 400})
        for number in range(3):
            side = float(rng.uniform(20, 150))
            flags = np.where(rng.random(5) < 0.8, 2, 0)
            flags[[1, 2]] = 2
            points = np.c_[LYNX * side + (20 + 280 * number, 20), flags]
            annotations.append({
                'id': len(annotations), 'image_id': image_id, 'category_id': 1, 'iscrowd': 0, 'area': side**2,
                'bbox': [20 + 280 * number, 20, side, side], 'num_keypoints': int((flags > 0).sum()),
                'keypoints': points.reshape(-1).tolist(),
            })  # fmt: skip
    categories = [{'id': 1, 'name': 'lynx', 'keypoints': LYNX_NAMES}]
    return {'images': images, 'annotations': annotations, 'categories': categories}


def inject(
    labels: dict,
    sigmas: np.ndarray,
    flips: Sequence[int],
    *,
    kinds: Sequence[str],
    share: float,
    rng: np.random.Generator,
) -> tuple[list[dict], Counter[str]]:
    """Return a prediction of everybody, wrong in known ways, and how often in which.

    A keypoint is made wrong only where its new location is unambiguous: away from every label of its own name or its
    partner's but the one that it is put at.

    Args:
        labels: COCO's.
        sigmas: (K,) of the keypoints.
        flips: mirror partner of each.
        kinds: of errors to draw from.
        share: of each person's labelled keypoints that are wrong at most; below a half, or it is of nobody.
        rng: to draw with.
    """
    by_image = defaultdict(list)
    for one in labels['annotations']:
        if not one['iscrowd'] and any(one['keypoints'][2::3]):
            by_image[one['image_id']].append((np.array(one['keypoints'], dtype=float).reshape(-1, 3), one['area']))
    results, counts = [], Counter()
    for image_id, people in by_image.items():
        for own, (person, _) in enumerate(people):
            points = person.copy()
            points[:, 2] = rng.random(len(points))
            labelled = np.flatnonzero(person[:, 2])
            for index in rng.permutation(labelled)[: int(share * len(labelled))]:
                kind = str(rng.choice(kinds))
                place = _place(kind, people, own, index, sigmas, flips, rng)
                if place is not None:
                    points[index, :2] = place
                    counts[kind] += 1
            counts['labelled'] += len(labelled)
            results.append({
                'image_id': image_id, 'category_id': 1, 'keypoints': points.reshape(-1).tolist(),
                'score': float(rng.random()),
            })  # fmt: skip
    counts['good'] = counts.pop('labelled') - sum(counts[kind] for kind in kinds)
    return results, counts


def _place(
    kind: str, people: list, own: int, index: int, sigmas: np.ndarray, flips: Sequence[int], rng: np.random.Generator
) -> np.ndarray | None:
    """Return the (2,) where a keypoint goes for a kind of error, or None where there is no unambiguous point."""
    person, area = people[own]
    spread = 2 * sigmas[index] * np.sqrt(area)
    if kind == 'jitter':
        angle = rng.uniform(0, 2 * np.pi)
        place, at = person[index, :2] + spread * rng.uniform(0.65, 1.1) * np.array([np.cos(angle), np.sin(angle)]), None
        return place  # ks from .55 to .81, whatever else is near
    if kind == 'inversion':
        at = (own, flips[index])
    elif kind == 'swap':
        at = (int(rng.integers(len(people))), int(rng.choice([index, flips[index]])))
    else:
        place, at = rng.uniform((-200, -200), (1000, 900)), None
    if at is not None:
        if (kind == 'inversion' and at[1] == index) or (kind == 'swap' and at[0] == own):
            return None
        if not people[at[0]][0][at[1], 2]:
            return None
        place = people[at[0]][0][at[1], :2]
    for other, (labels, size) in enumerate(people):
        for part in {index, flips[index]}:
            far = np.hypot(*(labels[part, :2] - place)) > 1.01 * NEAR * 2 * sigmas[index] * np.sqrt(size)
            if labels[part, 2] and (other, part) != at and not far:
                return None
    return place
