"""The names of datasets that a model knows: where aliases and the default are resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class DatasetNames:
    """Maps samples to the names of their datasets, and other names of a dataset to the one that the model knows it by.

    The router makes one from its heads; the estimator asks it (or, without a router, one of its own) before it
    looks for a sample's expert. So a sample's head and its expert are always of the same dataset.

    Args:
        known: names that the model has a part for, such as a head.
        aliases: other name to known name, such as OCHuman's people, who have COCO's keypoints.
        default: what is used where there are no samples (FLOPs, export); None for the first.

    Raises:
        ValueError: an alias or a default that is not known, or an alias that is.
    """

    def __init__(
        self, known: Sequence[str], aliases: Mapping[str, str] | None = None, *, default: str | None = None
    ) -> None:
        if not known:
            raise ValueError('The model knows no dataset: name one at least.')
        self.known = tuple(known)
        self.aliases = dict(aliases or {})
        self.default = self.known[0] if default is None else default
        if self.default not in self.known:
            raise ValueError(
                f'default={self.default!r} is not known: set model.head.default to one of {sorted(self.known)}.'
            )
        for alias, name in self.aliases.items():
            if name not in self.known or alias in self.known:
                raise ValueError(
                    f'The alias {alias!r} of {name!r} is not another name of a known dataset (known are '
                    f'{sorted(self.known)}): remove it from aliases, or set aliases=None.'
                )

    def __contains__(self, name: str) -> bool:
        return name in self.known or name in self.aliases

    def resolve(self, name: str | None) -> str:
        """Return the known name of a name or alias.

        Raises:
            ValueError: a name that is neither, or None.
        """
        found = self.aliases.get(str(name), name)
        if found is None or found not in self.known:
            others = f' (and the aliases {sorted(self.aliases)})' if self.aliases else ''
            raise ValueError(
                f'The model does not know the dataset {name!r}: known are {sorted(self.known)}{others}. Give the '
                'metainfo one of these as its dataset_name, or add a head or an alias for it.'
            )
        return found

    def of_samples(self, samples: Sequence[Any]) -> list[str]:
        """Return the known names of B samples, by their ``dataset_name``."""
        return [self.resolve(sample.metainfo.get('dataset_name')) for sample in samples]
