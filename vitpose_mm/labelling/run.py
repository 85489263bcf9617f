"""Label the images and videos of one process's parts; after a kill a run continues with the next unlabelled batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..inference.drawing import save_picture
from ..inference.pipeline import batched
from ..inference.pose_result import PoseResult
from ..utils.files import write_json
from .coco import to_category, to_coco, to_record
from .job import JobSettings
from .parts import open_log, part_file, read_log, write_batch
from .videos import VideoLabeller

MISSING = os.path.join(os.devnull, 'missing')  # a path that never exists


class Labeller:
    """Writes the part files of one process.

    Args:
        predictor: a PosePredictor.
        folder: output folder, with the job in it.
        settings: settings of the job.
        items: paths of all images and videos.
        audit: number of pictures, spread evenly over all items and the frames of videos, that are drawn into the
            folder ``audit``.
        bar: progress in images; ``total`` grows by the frames of each video.
    """

    def __init__(
        self,
        predictor: Any,
        folder: Path,
        *,
        settings: JobSettings,
        items: Sequence[str],
        audit: int = 0,
        bar: tqdm | None = None,
    ) -> None:
        self.predictor, self.folder, self.settings, self.items = predictor, folder, settings, items
        self.audited = choose_audited(len(items), audit)
        self.audited_frames = -(-audit // len(items))  # of an audited video
        self.bar = bar or tqdm(total=0, disable=True)
        self.category = to_category(predictor.metainfo)

    def run(self, rank: int, world_size: int) -> None:
        """Make every ``world_size``-th part, from ``rank`` on, that does not exist yet.

        Raises:
            ValueError: another process makes one of them, or a video whose labelling has begun can no longer be opened.
        """
        for part in range(rank, self.settings.num_parts, world_size):
            if not part_file(self.folder, part).exists():
                self._make_part(part)
                continue
            part_file(self.folder, part).with_suffix('.log').unlink(missing_ok=True)  # killed between the two
            if not self.settings.is_video(part):
                self.bar.update(len(self.settings.items_of(part)))

    def _make_part(self, part: int) -> None:
        indices, size = self.settings.items_of(part), self.settings.batch_size
        is_video = self.settings.is_video(part)
        with open_log(self.folder, part) as log:
            records = read_log(log, 0 if is_video else indices.start, size)
            self.bar.update(len(records))
            video = self._open_video(indices.start, records) if is_video else None
            new = self._label_video(video) if video else self._label(indices[len(records) :])
            for batch in batched(new, size):
                write_batch(log, batch)
                records += batch
                self.bar.update(len(batch))
            content = to_coco(records, self.category)
            if video:
                content['videos'] = [video.describe()]
            write_json(content, part_file(self.folder, part), compact=True)
            Path(log.name).unlink()

    def _label(self, indices: range) -> Iterator[dict[str, Any]]:
        """Yield the records of images by their indices, in order."""
        results: Iterable[PoseResult] = self.predictor.predict(
            (self.items[i] if os.path.isfile(self.items[i]) else MISSING for i in indices),
            batch_size=self.settings.batch_size,
            stream=True,
        )
        thresholds = {'kpt_thr': self.settings.kpt_thr, 'score_thr': self.settings.score_thr}
        for i, result in zip(indices, results, strict=True):
            if result.name == MISSING:
                result = replace(result, error=f'{self.items[i]} does not exist.')
            entry = {'id': i + 1, 'file_name': self.items[i]}
            if i in self.audited:
                self._draw(result, f'{i + 1:09d}')
            yield {'index': i, **to_record(result, entry, **thresholds)}

    def _open_video(self, item: int, records: list[dict[str, Any]]) -> VideoLabeller:
        video = VideoLabeller(self.predictor, self.settings, item=item, path=self.items[item], records=[*records])
        self.bar.total += len(records) + video.num_left
        return video

    def _label_video(self, video: VideoLabeller) -> Iterator[dict[str, Any]]:
        """Yield the records of a video's frames, in order."""
        number = self.audited_frames if video.item in self.audited else 0
        audited = choose_audited(max(len(video.done) + video.num_left, 1), number)
        for record, result in video.label():
            if record['index'] in audited:
                self._draw(result, f'{video.item + 1:09d}_{record["index"] * self.settings.every:06d}')
            yield record

    def _draw(self, result: PoseResult, name: str) -> None:
        if result.error is None:
            (self.folder / 'audit').mkdir(exist_ok=True)
            save_picture(result.plot(self.settings.kpt_thr, draw_bbox=True), self.folder / 'audit' / f'{name}.jpg')


def choose_audited(num_items: int, number: int) -> frozenset[int]:
    """Return the indices of ``number`` items or frames, spread evenly."""
    number = min(number, num_items)
    return frozenset((2 * i + 1) * num_items // (2 * number) for i in range(number))
