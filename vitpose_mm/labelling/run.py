"""Label the images of one process's parts; a run that was killed goes on at the next unseen batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..inference.drawing import save_picture
from ..inference.pipeline import batched
from ..inference.pose_result import PoseResult
from ..utils.files import write_json
from .coco import to_category, to_coco, to_record
from .job import JobSettings
from .parts import open_log, part_file, read_log, write_batch

MISSING = os.path.join(os.devnull, 'missing')  # a path that never exists


class Labeller:
    """Writes the part files of one process.

    Args:
        predictor: a PosePredictor.
        folder: output folder, with the job in it.
        settings: of the job.
        items: paths of all images.
        audit: number of pictures, spread evenly over all images, that are drawn into the folder ``audit``.
        tell: is told the number of images that are done, as they are.
    """

    def __init__(
        self,
        predictor: Any,
        folder: Path,
        *,
        settings: JobSettings,
        items: Sequence[str],
        audit: int = 0,
        tell: Callable[[int], object] = lambda number: None,
    ) -> None:
        self.predictor, self.folder, self.settings, self.items, self.tell = predictor, folder, settings, items, tell
        self.audited = choose_audited(len(items), audit)
        self.category = to_category(predictor.metainfo)

    def run(self, rank: int, world_size: int) -> None:
        """Make every ``world_size``-th part, from ``rank`` on, that is not there.

        Raises:
            ValueError: another process makes one of them.
        """
        for part in range(rank, self.settings.num_parts, world_size):
            if not part_file(self.folder, part).exists():
                self._make_part(part)
            else:
                part_file(self.folder, part).with_suffix('.log').unlink(missing_ok=True)  # killed between the two
                self.tell(len(self.settings.items_of(part, self.items)))

    def _make_part(self, part: int) -> None:
        indices = self.settings.items_of(part, self.items)
        with open_log(self.folder, part) as log:
            records = read_log(log, indices.start, self.settings.batch_size)
            self.tell(len(records))
            for batch in batched(self._label(indices[len(records) :]), self.settings.batch_size):
                write_batch(log, batch)
                records += batch
                self.tell(len(batch))
            write_json(to_coco(records, self.category), part_file(self.folder, part), compact=True)
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
            record = to_record(result, i, self.items[i], **thresholds)
            if result.name == MISSING:
                record['error'] = f'{self.items[i]} does not exist.'
            elif i in self.audited and 'image' in record:
                self._draw(result, i)
            yield record

    def _draw(self, result: PoseResult, index: int) -> None:
        (self.folder / 'audit').mkdir(exist_ok=True)
        picture = result.plot(self.settings.kpt_thr, draw_bbox=True)
        save_picture(picture, self.folder / 'audit' / f'{index + 1:09d}.jpg')


def choose_audited(num_items: int, number: int) -> frozenset[int]:
    """Indices of ``number`` images, spread evenly."""
    number = min(number, num_items)
    return frozenset((2 * i + 1) * num_items // (2 * number) for i in range(number))
