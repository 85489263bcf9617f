"""Numbers of things in sentences."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return '1 image' or '2 images'; ``plural`` is that of a noun which does not take an s."""
    return f'{number} {noun if number == 1 else plural or noun + "s"}'
