"""Backbones."""

from .arch import ARCH
from .timm_vit import TimmViT
from .vit import ViT

__all__ = ['ARCH', 'TimmViT', 'ViT']
