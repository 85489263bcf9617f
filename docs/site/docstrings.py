"""A griffe extension: what our docstrings write for Python's help, as the site's Markdown."""

from __future__ import annotations

import re
from typing import Any

import griffe


class PlainDocstrings(griffe.Extension):
    """Sphinx roles become code, and an ``Example:`` becomes a section whose doctest is code."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one module, class or function before it is parsed."""
        if obj.docstring:
            text = re.sub(r':\w+:`~?([^`]+)`', r'`\1`', obj.docstring.value)
            obj.docstring.value = re.sub(r'^( *)Example:$', r'\1Examples:', text, flags=re.MULTILINE)
