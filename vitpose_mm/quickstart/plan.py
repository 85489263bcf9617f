"""How large the quick start is: the whole one and the fast one walk the same path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DETECTOR = 'rtmdet_mini_synthetic-256.py'
POSE = 'vitpose_micro_classic_synthetic-128x96.py'


@dataclass(frozen=True)
class Plan:
    """Numbers of images and epochs; minutes are estimated from the speed of each step on two cores."""

    images: int  # to train on
    val_images: int
    demo_images: int
    detector_epochs: int
    pose_epochs: int
    minutes: dict[str, float]  # step name -> about how long it takes
    size: tuple[int, int] = (256, 192)  # pixels of the images to train on
    demo_size: tuple[int, int] = (640, 480)
    seed: int = 0
    least_score: float = 0.25  # of detected boxes that the pose model gets; a weak detector has dozens below

    def epochs(self, config: str) -> int:
        """Return how many epochs one of the two configs is trained."""
        return self.detector_epochs if config == DETECTOR else self.pose_epochs


WHOLE = Plan(
    images=3600, val_images=250, demo_images=12, detector_epochs=2, pose_epochs=32,
    minutes={'render': 2.5, 'train': 15, 'boxes': 0.4, 'truth': 0.5, 'detected': 0.5, 'pictures': 0.3},
)  # fmt: skip
FAST = Plan(
    images=700, val_images=60, demo_images=6, detector_epochs=2, pose_epochs=8,
    minutes={'render': 0.5, 'train': 3.2, 'boxes': 0.2, 'truth': 0.2, 'detected': 0.2, 'pictures': 0.3},
)  # fmt: skip


@dataclass(frozen=True)
class QuickstartPaths:
    """The paths below the output folder, and the folder of the two configs."""

    out: Path
    configs: Path

    @property
    def data(self) -> Path:
        """Rendered images and annotations to train and score on."""
        return self.out / 'data'

    @property
    def held_out(self) -> Path:
        """Rendered images that are neither trained nor scored on."""
        return self.out / 'held_out'

    @property
    def outcomes(self) -> Path:
        """Folder of the steps' results."""
        return self.out / 'stages'

    def outcome(self, step: str) -> Path:
        """Return the file of a step's outcome."""
        return self.outcomes / f'{step}.json'

    @property
    def pictures(self) -> Path:
        """The demo's drawings."""
        return self.out / 'pictures'

    @property
    def boxes(self) -> Path:
        """Detected boxes of the validation images, in COCO's result format."""
        return self.out / 'detections' / 'val.bbox.json'

    @property
    def curves(self) -> Path:
        """Losses of both trainings."""
        return self.out / 'loss_curves.png'

    def work_dir(self, config: str) -> Path:
        """Return the folder of a config's logs and checkpoints."""
        return self.out / 'work_dirs' / Path(config).stem
