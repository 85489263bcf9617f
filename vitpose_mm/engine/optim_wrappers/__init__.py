"""How an optimizer is built for our models."""

from .layer_decay_constructor import LayerDecayConstructor

__all__ = ['LayerDecayConstructor']
