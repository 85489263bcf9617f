"""Datasets and how they are fed: several at once, in a seeded order, resumable at any sample."""

from .apt36k import APT36KDataset
from .multi_dataset import MultiDataset
from .person_crops import PersonCrops
from .samplers import SeededSampler
from .seeding import SeededIndex
from .transforms import SafeLoadImage, ShiftKeypoints, SkeletonConverter, SquareCrop

__all__ = [
    'APT36KDataset',
    'MultiDataset',
    'PersonCrops',
    'SafeLoadImage',
    'SeededIndex',
    'SeededSampler',
    'ShiftKeypoints',
    'SkeletonConverter',
    'SquareCrop',
]
