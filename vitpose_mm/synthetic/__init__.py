"""People that the project draws itself: articulated bodies, scenes, and their labels in four datasets' formats."""

from .generate import generate

__all__ = ['generate']
