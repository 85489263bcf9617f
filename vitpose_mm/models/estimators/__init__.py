"""Pose estimators."""

from .ensemble import PoseEnsemble
from .pose_estimator import PoseEstimator

__all__ = ['PoseEnsemble', 'PoseEstimator']
