"""Keypoints of one set mapped to those of another, with their mirror pairs, body parts, weights and links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from mmpose.datasets.transforms import KeypointConverter

from ...registry import TRANSFORMS

Sources = int | Sequence[int]  # one keypoint, or two whose mean is taken


@TRANSFORMS.register_module()
class SkeletonConverter(KeypointConverter):
    """Map keypoints as MMPose's ``KeypointConverter`` does, and with them the skeleton that a sample brings along.

    ``KeypointConverter`` leaves mirror pairs and body parts as they were before: a flip then exchanges keypoints that
    do not belong together, and half-body crops follow wrong ones. :class:`MultiDataset` takes this class in its place.

    Args:
        num_keypoints: K' after the conversion.
        mapping: (source, target) indices; a source may be two, whose mean the target is.

    Example:
        >>> SkeletonConverter(3, [(1, 0), (2, 1)])(results)['flip_indices']  # of K = 3 with the pair (1, 2)
        [1, 0, 2]
    """

    def __init__(self, num_keypoints: int, mapping: Sequence[tuple[Sources, int]]) -> None:
        super().__init__(num_keypoints, list(mapping))
        self.sources = {target: _as_tuple(source) for source, target in mapping}

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Replace (N, K, 2) keypoints by (N, K', 2), and flip_pairs, flip_indices, body parts, weights and links."""
        results.pop('flip_indices', None)  # KeypointConverter renumbers these in place, and wrongly
        results = super().transform(results)
        partners = find_partners(self.sources, results['flip_pairs'])
        paired = {target: partner for target, partner in partners.items() if partner is not None}
        results['flip_indices'] = [paired.get(i, i) for i in range(self.num_keypoints)]
        results['flip_pairs'] = [(a, b) for a, b in paired.items() if a < b]
        weights = np.ones(self.num_keypoints, np.float32)
        for target, sources in self.sources.items():
            weights[target] = np.asarray(results['dataset_keypoint_weights'])[list(sources)].mean()
        results['dataset_keypoint_weights'] = weights
        for key in ('upper_body_ids', 'lower_body_ids'):
            old = set(results[key])
            results[key] = sorted(target for target, sources in self.sources.items() if old.issuperset(sources))
        target_of = {sources: target for target, sources in self.sources.items()}
        links = [(target_of.get((a,)), target_of.get((b,))) for a, b in results.get('skeleton_links') or ()]
        results['skeleton_links'] = [link for link in links if None not in link]
        return results


def find_partners(sources: Mapping[int, tuple[int, ...]], pairs: Iterable[Sequence[int]]) -> dict[int, int | None]:
    """Return the mirror partner of each target, from the targets' sources and the sources' mirror pairs.

    Several targets of the same sources are matched to those of the mirrored sources in their order. None: no target has
    the mirrored sources.
    """
    mirrored: dict[int, int] = {}
    for a, b in pairs:
        mirrored[a], mirrored[b] = b, a
    targets: dict[frozenset[int], list[int]] = defaultdict(list)
    for target, own in sources.items():
        targets[frozenset(own)].append(target)
    partners: dict[int, int | None] = {}
    for kept, mine in targets.items():
        theirs = targets.get(frozenset(mirrored.get(one, one) for one in kept), [])
        for number, target in enumerate(mine):
            partners[target] = theirs[number] if number < len(theirs) else None
    return partners


def convert_skeletons(pipeline: Sequence[Any]) -> list[Any]:
    """Return a pipeline's config with :class:`SkeletonConverter` for each KeypointConverter."""
    return [
        {**step, 'type': 'vitpose_mm.SkeletonConverter'} if is_named(step, 'KeypointConverter') else step
        for step in pipeline
    ]


def check_mapping(pipeline: Sequence[Any], metainfo: Mapping[str, Any], *, where: str) -> None:
    """Check the KeypointConverter of a dataset's pipeline, if there is one.

    Raises:
        ValueError: the mapping names an unknown keypoint, or half of a mirror pair though samples are flipped.
    """
    pairs, names = metainfo.get('flip_pairs') or (), metainfo.get('keypoint_id2name') or {}
    flips = any(is_named(step, 'RandomFlip') for step in pipeline)
    for step in pipeline:
        if not (is_named(step, 'KeypointConverter') or is_named(step, 'SkeletonConverter')):
            continue
        title, old, new = f'{where}: KeypointConverter', metainfo.get('num_keypoints'), step['num_keypoints']
        sources = {target: _as_tuple(source) for source, target in step['mapping']}
        for target, own in sources.items():
            if target not in range(new) or (old is not None and not set(own) <= set(range(old))):
                raise ValueError(f'{title} maps {own} of {old} keypoints to {target} of {new}: count from 0.')
        alone = [target for target, partner in find_partners(sources, pairs).items() if partner is None]
        if alone and flips:
            name = ' and '.join(str(names.get(one, one)) for one in sources[alone[0]])
            raise ValueError(
                f'{title} maps {name} to {alone[0]} and not its mirror image, and RandomFlip needs both:'
                f' map that too, or leave {name} out.'
            )


def is_named(step: Any, name: str) -> bool:
    """Whether a transform's config is of a class of this name, in whatever scope."""
    kind = step.get('type') if isinstance(step, Mapping) else None
    return (kind if isinstance(kind, str) else getattr(kind, '__name__', '')).rpartition('.')[2] == name


def _as_tuple(source: Sources) -> tuple[int, ...]:
    return (source,) if isinstance(source, int) else tuple(source)
