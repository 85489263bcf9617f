"""A fault of an annotation file: what is changed in a good file, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

NAN, INF = float('nan'), float('inf')
HUGE = 10**400  # no float holds it
MISSING = object()

Change = Callable[[dict], Any]  # takes the content of a file; changes it, or returns another


class Fault(NamedTuple):
    """One fault.

    Attributes:
        name: Of the fault.
        change: Makes it.
        outcome: 'error', 'note' or 'harmless'.
        said: Regular expression of what is said.
        left: People that stay of 6.
    """

    name: str
    change: Change
    outcome: str
    said: str = ''
    left: int = 6


def refused(name: str, change: Change, said: str) -> Fault:
    """Return a fault that ends the run with a sentence."""
    return Fault(name, change, 'error', said)


def noted(name: str, change: Change, said: str, left: int = 6) -> Fault:
    """Return a fault that is corrected, or left out, and said."""
    return Fault(name, change, 'note', said, left)


def harmless(name: str, change: Change, left: int = 6) -> Fault:
    """Return what looks odd and changes nothing, so that nothing is said."""
    return Fault(name, change, 'harmless', '', left)


def show(value: Any) -> str:
    """Return the name of a value in a test."""
    return 'missing' if value is MISSING else repr(value)[:24]


def put(part: str, key: str, value: Any, *, index: int = 2) -> Change:
    """Return what sets a key of one object of a part, or removes it."""

    def change(content: dict) -> None:
        if value is MISSING:
            del content[part][index][key]
        else:
            content[part][index][key] = value

    return change


def put_all(part: str, key: str, value: Any) -> Change:
    """Return what sets a key of all objects of a part, or removes it."""

    def change(content: dict) -> None:
        for index in range(len(content[part])):
            put(part, key, value, index=index)(content)

    return change


def put_number(key: str, index: int, value: Any) -> Change:
    """Return what sets one number in a list of an annotation."""

    def change(content: dict) -> None:
        content['annotations'][2][key][index] = value

    return change


def change_each(part: str, changed: Callable[[dict], dict]) -> Change:
    """Return what updates every object of a part by what is made of it."""

    def change(content: dict) -> None:
        for one in content[part]:
            one.update(changed(one))

    return change


def add(part: str, one: Any) -> Change:
    """Return what appends to a part."""

    def change(content: dict) -> None:
        content[part].append(one)

    return change


def put_part(part: str, value: Any) -> Change:
    """Return what sets a whole part, or removes it."""

    def change(content: dict) -> None:
        if value is MISSING:
            del content[part]
        else:
            content[part] = value

    return change
