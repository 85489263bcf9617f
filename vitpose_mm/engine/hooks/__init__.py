"""Hooks."""

from .non_finite_hook import NonFiniteHook

__all__ = ['NonFiniteHook']
