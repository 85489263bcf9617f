"""The quick start: from nothing to a trained, evaluated and demonstrated pose model on rendered people."""

from .steps import run

__all__ = ['run']
