"""Numbers of things in sentences."""

from __future__ import annotations

# verb after more than one -> after one
SINGULAR = {'are': 'is', 'have': 'has', 'match': 'matches', 'end': 'ends'}


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return '1 image' or '2 images'; ``plural`` is that of a noun which does not take an s."""
    return f'{number} {noun if number == 1 else plural or noun + "s"}'


def part_of(number: int, total: int, noun: str, *, plural: str | None = None, verb: str = '') -> str:
    """Return '1 of 5 images is', '2 of 5 images are' or '1 of 1 image is' for the verb 'are'; without one '1 of 5
    images'."""
    text = f'{number} of {counted(total, noun, plural)}'
    return f'{text} {SINGULAR[verb] if number == 1 else verb}' if verb else text
