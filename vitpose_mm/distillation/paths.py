"""The files of a distillation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DistillationPaths:
    """The paths of files below the work folder; a step whose file exists is done."""

    root: Path

    @property
    def tuned(self) -> Path:
        """The token at the teacher's width, of stage 1."""
        return self.root / 'tuned_token.pth'

    @property
    def token(self) -> Path:
        """The token that the student gets."""
        return self.root / 'token.pth'

    @property
    def start(self) -> Path:
        """The student's first weights."""
        return self.root / 'start.pth'

    @property
    def deploy(self) -> Path:
        """The distilled student; its config lies beside it."""
        return self.root / 'deploy.pth'

    @property
    def notes(self) -> Path:
        """Figures that were seen on the way."""
        return self.root / 'notes.json'
