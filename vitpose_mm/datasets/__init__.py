"""Datasets and how they are fed: several at once, in a seeded order, resumable at any sample."""

from .apt36k import APT36KDataset
from .multi_dataset import MultiDataset
from .seeded_sampler import SeededSampler
from .seeding import SeededIndex
from .shift_keypoints import ShiftKeypoints

__all__ = ['APT36KDataset', 'MultiDataset', 'SeededIndex', 'SeededSampler', 'ShiftKeypoints']
