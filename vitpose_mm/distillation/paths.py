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
        """The token that stage 1 tuned, at the width of the teacher."""
        return self.root / 'tuned_token.pth'

    @property
    def token(self) -> Path:
        """The token that the student gets, at its own width."""
        return self.root / 'token.pth'

    @property
    def start(self) -> Path:
        """The weights that the student is initialised with."""
        return self.root / 'start.pth'

    @property
    def deploy(self) -> Path:
        """The distilled student; its config is next to it."""
        return self.root / 'deploy.pth'

    @property
    def notes(self) -> Path:
        """Figures measured by the steps, such as the share of the token that the map explains."""
        return self.root / 'notes.json'
