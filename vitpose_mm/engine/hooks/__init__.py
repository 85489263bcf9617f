"""Hooks for MMEngine's runners."""
