"""Training a student with a teacher: both stages of the knowledge token, and output distillation."""

from .run import Distillation

__all__ = ['Distillation']
