"""The quick start: from nothing to a trained, evaluated and demonstrated pose model on rendered people."""

from .run import run_quickstart

__all__ = ['run_quickstart']
