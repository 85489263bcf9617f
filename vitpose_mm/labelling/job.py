"""What is labelled and how, written once into the output folder: every process, and every later run, does the same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..utils.counted import counted
from ..utils.files import complete, write_json
from ..utils.json_files import read_json

JOB, ITEMS = 'job.json', 'items.txt'
MAX_FRAMES = 10_000_000  # of a video: ids of its images are counted from a multiple of it
MAX_VIDEOS = 900_000  # so that ids of annotations stay below 2 ** 53, the largest that JavaScript tells apart
SHARDS = {'pytorch': ('RANK', 'WORLD_SIZE'), 'slurm': ('SLURM_PROCID', 'SLURM_NTASKS')}
SHARDS['mpi'] = ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE')
WHOLE = ('num_items', 'num_videos', 'every', 'batch_size', 'part_size')


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    """Everything that the labels depend on.

    Attributes:
        pose: pose model, as it was named.
        detector: likewise; [] for none.
        items: SHA-256 of the list of images and videos.
        num_items: length of the list.
        num_videos: how many of these, at its end, are videos.
        every: N, where every Nth frame of a video is labelled, from the first.
        track: 'bytetrack' or 'ocsort' gives the people of a video ids over time; None: not.
        options: of the predictor.
        batch_size: images that go through the models together.
        part_size: images of a part file; a multiple of ``batch_size``.
        kpt_thr: keypoints with a lower score are not labelled, 0 to 1.
        score_thr: people with a lower score are left out, 0 to 1.
    """

    pose: list[str]
    detector: list[str]
    items: str
    num_items: int
    options: dict[str, Any]
    num_videos: int = 0
    every: int = 1
    track: str | None = None
    batch_size: int = 8
    part_size: int = 1000
    kpt_thr: float = 0.3
    score_thr: float = 0.0

    def __post_init__(self) -> None:
        for name in WHOLE:
            if type(getattr(self, name)) is not int:  # in a file of others
                raise TypeError(name)
        if self.batch_size < 1 or self.part_size < 1 or self.part_size % self.batch_size:
            raise ValueError(
                f'--part-size {self.part_size} is not a multiple of --batch-size {self.batch_size}: give one, so that '
                'batches, and with them the labels, are the same wherever a run is stopped.'
            )
        if self.every < 1:
            raise ValueError(
                f'--every {self.every} is not possible: give 1 for every frame, 2 for every second one, ..'
            )
        if self.num_videos > MAX_VIDEOS:
            raise ValueError(f'{self.num_videos} videos are too many, the limit is {MAX_VIDEOS}: label them in shares.')
        for name in ('kpt_thr', 'score_thr'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f'--{name.replace("_", "-")} {getattr(self, name)} is not possible: give 0 to 1.')

    @property
    def num_images(self) -> int:
        """Number of items that are images; the videos follow them."""
        return self.num_items - self.num_videos

    @property
    def num_image_parts(self) -> int:
        """Number of part files of images; those of videos, one each, follow them."""
        return -(-self.num_images // self.part_size)

    @property
    def num_parts(self) -> int:
        """Number of part files."""
        return self.num_image_parts + self.num_videos

    def items_of(self, part: int) -> range:
        """Return the indices of a part's images, or of its video."""
        if self.is_video(part):
            index = self.num_images + part - self.num_image_parts
            return range(index, index + 1)
        return range(part * self.part_size, min((part + 1) * self.part_size, self.num_images))

    def is_video(self, part: int) -> bool:
        """Whether a part is that of a video."""
        return part >= self.num_image_parts

    def name_frame(self, item: int, path: str, frame: int) -> dict[str, Any]:
        """Return the COCO image of a frame, by the video's index and path and the frame's index in it: no size yet.

        CVAT finds the frames of a video by the number behind ``frame_``.

        Raises:
            ValueError: there are more frames than ids.
        """
        if frame >= MAX_FRAMES:
            raise ValueError(f'{path} has more than {MAX_FRAMES:,} frames: cut it into several videos.')
        video = item - self.num_images
        image_id = self.num_images + video * MAX_FRAMES + frame + 1
        file_name = f'{path}/frame_{frame:06d}.jpg'
        return {'id': image_id, 'file_name': file_name, 'video_id': video + 1, 'frame_id': frame}


def digest_of(items: Sequence[str]) -> str:
    """Return the SHA-256 of a list of paths."""
    return hashlib.sha256('\n'.join(items).encode()).hexdigest()


def open_job(folder: Path, settings: JobSettings, items: Sequence[str]) -> None:
    """Write what is to be done into the output folder, or check that it is what is being done there.

    Raises:
        ValueError: the folder has another job, or cannot be written to.
    """
    file = folder / JOB
    try:
        if not file.exists():
            with complete(folder / ITEMS) as part:
                part.write_text('\n'.join(items) + '\n', encoding='utf-8')
            write_json(asdict(settings), file)
    except OSError as error:
        raise ValueError(f'--out {folder} cannot be written to ({error.strerror}): give another.') from error
    found, wanted = asdict(read_settings(folder)), asdict(settings)
    other = [name for name in wanted if found[name] != wanted[name]]
    if other:
        name = other[0]
        if name == 'items':
            raise ValueError(
                f'{folder} has labels that were made of another list of inputs ('
                f'{counted(found["num_items"], "image or video", "images and videos")} then, {settings.num_items} '
                'now): give the same inputs, or another --out.'
            )
        raise ValueError(
            f'{folder} has labels that were made with {name} {json.dumps(found[name])[:200]} and now it is '
            f'{json.dumps(wanted[name])[:200]}: use the same settings, or give another --out.'
        )


def read_settings(folder: Path) -> JobSettings:
    """Read the settings of the job in an output folder.

    Raises:
        ValueError: there is no job in it, or its file is damaged.
    """
    content, _ = read_json(folder / JOB, content='job file')
    try:
        return JobSettings(**content)
    except TypeError:
        raise ValueError(f'{folder / JOB} is not a job file of this version: label into another folder.') from None


def read_items(folder: Path, settings: JobSettings) -> list[str]:
    """Read the paths of the images and videos of an output folder.

    Raises:
        ValueError: the list has been changed.
    """
    try:
        items = (folder / ITEMS).read_text(encoding='utf-8').split('\n')[:-1]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f'{folder / ITEMS} cannot be read ({error}): label into another folder.') from None
    if digest_of(items) != settings.items or len(items) != settings.num_items:
        raise ValueError(f'{folder / ITEMS} has been changed since labelling began: put it back.')
    return items


def find_shard(launcher: str) -> tuple[int, int]:
    """Return rank and number of processes, from the environment variables that a launcher sets.

    Raises:
        ValueError: they are missing.
    """
    if launcher == 'none':
        return 0, 1
    names = SHARDS[launcher]
    try:
        rank, size = (int(os.environ[name]) for name in names)
    except (KeyError, ValueError):
        raise ValueError(
            f'--launcher {launcher}: {" and ".join(names)} are not set; start it by the launcher.'
        ) from None
    return rank, size
