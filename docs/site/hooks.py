"""MkDocs hooks: some files of the repository are pages of the site too, and links out of docs/ reach them."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
PAGES = ('CHANGELOG.md', 'CONTRIBUTING.md', 'configs/README.md')
LINK_OR_CODE = re.compile(
    r'^```.*?^```|(?<!!)\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)', re.DOTALL | re.MULTILINE
)


def site_path(file: str) -> str | None:
    """Return where a file of the repository is on the site, or None for one that the site does not have."""
    if file in PAGES:
        return file
    return file.removeprefix('docs/') if file.startswith('docs/') else None


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie outside docs/."""
    for page in PAGES:
        if (ROOT / page).exists():
            files.append(File.generated(config, page, abs_src_path=str(ROOT / page)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links between files of the repository into links of the site; to other files into their text."""
    here = page.file.src_uri
    source = here if here in PAGES else f'docs/{here}'

    def replace(match: re.Match[str]) -> str:
        text, link, anchor = match.groups()
        if link is None:
            return match.group()
        target = site_path(posixpath.normpath(posixpath.join(posixpath.dirname(source), link)))
        return (
            text if target is None else f'[{text}]({posixpath.relpath(target, posixpath.dirname(here))}{anchor or ""})'
        )

    return LINK_OR_CODE.sub(replace, markdown)
