"""The order in which samples come: seeded, resumable, with subsets as often as asked for."""

from .seeded_sampler import SeededSampler

__all__ = ['SeededSampler']
