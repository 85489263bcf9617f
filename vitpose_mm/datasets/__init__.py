"""Datasets and how they are fed: several at once, in a seeded order, resumable at any sample."""

from .multi_dataset import MultiDataset
from .seeded_sampler import SeededSampler
from .seeding import SeededIndex

__all__ = ['MultiDataset', 'SeededIndex', 'SeededSampler']
