"""Backbones."""

from .vit import ARCH, ViT

__all__ = ['ARCH', 'ViT']
