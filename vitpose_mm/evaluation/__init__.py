"""Scoring: each subset of a test set by its own metric, and COCO's AP in less time."""

from .faster_coco_metric import FasterCocoMetric
from .subset_metric import SubsetMetric

__all__ = ['FasterCocoMetric', 'SubsetMetric']
