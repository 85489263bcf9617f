"""Codecs between keypoints and heatmaps."""

from .udp_heatmap import BatchedUDPHeatmap

ExactUDPHeatmap = BatchedUDPHeatmap  # its earlier name

__all__ = ['BatchedUDPHeatmap', 'ExactUDPHeatmap']
