"""An annotation file while it is checked: its content, whether it was corrected, and notes for the log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..utils.files import complete, printable
from ..utils.json_files import read_json

MAX_NAMED = 5  # ids in a sentence


@dataclass
class LabelFile:
    """Content of an annotation file; checks correct it in place.

    Attributes:
        path: Path of the file.
        title: Name of the file in sentences: "val_dataloader.dataset: annotation file 'val.json'".
        content: What the file holds.
        corrected: Whether its readers need a corrected copy.
        notes: Sentences on what is left out and corrected.
    """

    path: str
    title: str
    content: Any
    corrected: bool = False
    notes: list[str] = field(default_factory=list)

    def fault(self, text: str) -> ValueError:
        """Return an error that begins with the name of the file; ``text`` says what is wrong and ends with the fix."""
        return ValueError(printable(f'{self.title}: {text}'))

    def note(self, text: str) -> None:
        """Keep a sentence on the file."""
        self.notes.append(printable(f'{self.title}: {text}'))  # with names of the file, for a terminal


def open_labels(path: str, *, where: str, content: str = 'annotation file') -> LabelFile:
    """Open and parse an annotation file.

    Args:
        path: a JSON file.
        where: how the user reaches it in the config, such as 'train_dataloader.dataset'.
        content: what the file is, for sentences.

    Raises:
        ValueError: it is missing or not JSON.
    """
    try:
        parsed, is_utf8 = read_json(path, content=content)
    except ValueError as error:
        raise ValueError(f'{where}: {error}') from None
    file = LabelFile(path, f'{where}: {content} {path!r}', parsed)
    if not is_utf8:
        file.corrected = True
        file.note('it is not plain UTF-8; a copy in UTF-8 is read instead.')
    return file


def write_copy(file: LabelFile, folder: Path) -> str:
    """Write the corrected content and return its absolute path; the same content has one name and is written once."""
    text = json.dumps(file.content)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    path = (folder / f'{Path(file.path).stem}.{digest}.json').resolve()
    if not path.is_file() or path.read_bytes() != text.encode():  # somebody else's, or half of it
        with complete(path) as part:
            part.write_text(text, encoding='utf-8')
    return str(path)


def name_ids(ids: Sequence[Any], kind: str = 'annotation') -> str:
    """Return ids as text: 'annotation 3', or 'annotations 3, 4, 5 and 7 more'."""
    named = ', '.join(map(str, ids[:MAX_NAMED]))
    more = f' and {len(ids) - MAX_NAMED} more' if len(ids) > MAX_NAMED else ''
    kinds = {'category': 'categories', 'box': 'boxes'}.get(kind, f'{kind}s')
    return f'{kind if len(ids) == 1 else kinds} {named}{more}'


def count_reasons(reasons: Mapping[str, Sequence[Any]], kind: str = 'annotation') -> str:
    """Return ids by reason as text: '2 with an empty box (annotations 4, 7), 1 without keypoints (annotation 9)'."""
    return ', '.join(f'{len(ids)} {reason} ({name_ids(ids, kind)})' for reason, ids in reasons.items() if ids)


def shorten(value: Any, limit: int = 60) -> str:
    """Return a value of a file as text for a sentence, cut."""
    text = repr(value)
    return text if len(text) <= limit else f'{text[: limit - 3]}...'
