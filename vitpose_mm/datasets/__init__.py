"""Datasets and how they are fed: several at once, in a seeded order, resumable at any sample."""

from .apt36k import APT36KDataset
from .multi_dataset import MultiDataset
from .person_crops import PersonCrops
from .seeded_sampler import SeededSampler
from .seeding import SeededIndex
from .shift_keypoints import ShiftKeypoints
from .square_crop import SquareCrop
from .transforms import SafeLoadImage, SkeletonConverter

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
