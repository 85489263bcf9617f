"""Backbones."""

from .arch import ARCH
from .vit import ViT

__all__ = ['ARCH', 'ViT']
