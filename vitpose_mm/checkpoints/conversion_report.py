"""What a conversion did, for the person who reads it."""

from __future__ import annotations

from dataclasses import dataclass, field


def _short(names: list[str], limit: int = 6) -> str:
    more = len(names) - limit
    return ', '.join(names[:limit]) + (f' and {more} more' if more > 0 else '')


@dataclass
class Report:
    """One line for everything that was not copied as it was.

    Args:
        origin: the family of the source.
        renamed: their name -> the new name, where they differ.
        resized: what was brought to another size.
        folded: what was added or multiplied into something else.
        dropped: names that the target does not need.
        missing: names that the target needs and the source does not have.
        unknown: names that are not known; dropping them could change the function.
        notes: what else one should know.
    """

    origin: str
    renamed: dict[str, str] = field(default_factory=dict)
    resized: list[str] = field(default_factory=list)
    folded: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the result has all that it needs and every name is known."""
        return not self.missing and not self.unknown

    def lines(self) -> list[str]:
        """Return the report as text, a line for each kind of change."""
        examples = [f'{old} -> {new}' for old, new in self.renamed.items()]
        found = {
            'renamed': f'{len(examples)}: {_short(examples, 3)}' if examples else '',
            'resized': '; '.join(self.resized),
            'folded': '; '.join(self.folded),
            'dropped': f'{len(self.dropped)}: {_short(self.dropped)}' if self.dropped else '',
            'missing': f'{len(self.missing)}: {_short(self.missing)}' if self.missing else '',
            'unknown': f'{len(self.unknown)}: {_short(self.unknown)}' if self.unknown else '',
            'note': '; '.join(self.notes),
        }
        return [f'origin    {self.origin}', *(f'{name:<9} {text or "nothing"}' for name, text in found.items())]
