"""Codecs between keypoints and heatmaps."""

from .udp_heatmap import ExactUDPHeatmap

__all__ = ['ExactUDPHeatmap']
