"""Scoring: each subset of a test set by its own metric."""

from .subset_metric import SubsetMetric

__all__ = ['SubsetMetric']
