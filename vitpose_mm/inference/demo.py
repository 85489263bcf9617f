"""The top-down demo: from an image or a folder to pictures and a json file, with a progress bar."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..utils.counted import counted
from ..utils.files import printable
from ..utils.progress import progress_bar
from .drawing import PoseDrawer, check_window, save_picture
from .images import list_images
from .pose_result import PoseResult
from .predictor import PosePredictor
from .results import people_of, write_results


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What tools/topdown_demo_with_mmdet.py takes; the names and meanings are those of mmpose's demo."""

    pose_config: str
    pose_checkpoint: str
    input: str
    det_config: str | None = None  # None: every image is one person
    det_checkpoint: str | None = None
    output_root: str = ''
    save_predictions: bool = False
    show: bool = False
    show_interval: float = 0
    device: str | None = None
    dataset: str | None = None
    det_cat_id: int = 0
    bbox_thr: float = 0.3
    nms_thr: float = 0.3
    kpt_thr: float = 0.3
    draw_heatmap: bool = False
    draw_bbox: bool = False
    show_kpt_idx: bool = False
    skeleton_style: str = 'mmpose'
    radius: int | None = None
    thickness: int | None = None
    alpha: float = 0.8
    track: str | None = None
    smooth: str | None = None
    det_interval: int = 1
    batch_size: int = 8
    video_codec: str = 'vp8'


class Demo:
    """Checks everything that can go wrong before the first image; run() does the work.

    Raises:
        ValueError: bad options, input, output folder, config or checkpoint.
    """

    def __init__(self, options: DemoOptions) -> None:
        check_options(options)
        self.options = options
        self.source = Path(options.input)
        self.files = list_images(self.source)
        self.images = self.files.images
        self.folder = prepare_folder(Path(options.output_root), self.images) if options.output_root else None
        self.predictor = build_predictor(options)
        self.metainfo = self.predictor.metainfo
        self.draw = build_drawer(options, self.metainfo)
        self.written: list[Path] = []  # pictures

    def run(self) -> int:
        """Process all images; return the number of those that could not be read, which are reported and left out."""
        records: list[dict[str, Any]] = []
        failed = 0
        if left_out := self.files.describe_left_out():
            tqdm.write(f'{printable(self.source)}: not images that can be read, left out: {left_out}')
        try:
            results = self.predictor.predict(self.images, batch_size=self.options.batch_size, stream=True)
            total = len(self.images)
            for result in progress_bar(results, total=total, unit='image', disable=total == 1):
                records.append(self.run_one(result))
                failed += 'error' in records[-1]
        finally:  # what is there is kept when a long run is stopped
            saved = self.save(records)
        tqdm.write(summarise(records, failed))
        folder = self.written[:1] if len(self.images) == 1 else [self.folder] if self.written else []
        for path in (*folder, *([saved] if saved else [])):
            tqdm.write(f'written: {printable(path)}')
        return failed

    def run_one(self, result: PoseResult) -> dict[str, Any]:
        """Draw, write and show the people of an image as asked for, and return its record."""
        path = Path(result.name)
        error = result.error
        try:
            if error is None:
                self.show_people(result, path)
        except OSError as failure:  # the picture cannot be written
            error = str(failure)
        if error is not None:
            tqdm.write(printable(f'left out: {error}'))
            return {'image': path.name, 'instances': [], 'error': error}
        if not len(result):
            tqdm.write(f'{printable(path)}: no person found')
        return {'image': path.name, 'instances': people_of(result.sample)}

    def show_people(self, result: PoseResult, path: Path) -> None:
        """Draw the people of an image, and write and show the picture as asked for."""
        picture = self.draw(result.image, result.sample)
        if self.folder:
            taken = {image.name for image in self.images} - {path.name}
            self.written.append(save_picture(picture, self.folder / path.name, taken=taken))
        if self.options.show:
            self.draw.show(picture, path.name, seconds=self.options.show_interval)

    def save(self, records: list[dict[str, Any]]) -> Path | None:
        """Write the records to results_<name of the input>.json: one record per image for a folder, else the people."""
        if not (self.options.save_predictions and self.folder and records):
            return None
        path = self.folder / f'results_{self.source.resolve().stem}.json'
        single = not self.source.is_dir()
        write_results(path, self.metainfo, records[0]['instances'] if single else records)
        return path


def check_options(options: DemoOptions) -> None:
    """Raise a ValueError where an option is out of range, or there would be no output."""
    if not (options.output_root or options.show):
        raise ValueError('There would be no output: give --output-root FOLDER, or --show.')
    if options.save_predictions and not options.output_root:
        raise ValueError('--save-predictions writes below --output-root: give that too.')
    for name in ('bbox_thr', 'nms_thr', 'alpha'):
        if not 0 <= getattr(options, name) <= 1:
            raise ValueError(f'--{name.replace("_", "-")} is {getattr(options, name):g}: give a number from 0 to 1.')
    if options.det_cat_id < 0:
        raise ValueError(f'--det-cat-id {options.det_cat_id} is not a class: classes are counted from 0.')
    if options.show:
        check_window()


def build_predictor(options: DemoOptions) -> PosePredictor:
    """Load the detector and the pose model of the options."""
    predictor = PosePredictor(
        (options.pose_config, options.pose_checkpoint),
        None if options.det_config is None else (options.det_config, str(options.det_checkpoint)),
        device=options.device,
        dataset=options.dataset,
        det_cat_id=options.det_cat_id,
        bbox_thr=options.bbox_thr,
        nms_thr=options.nms_thr,
        output_heatmaps=options.draw_heatmap,
    )
    modules = predictor.detector.model.modules() if predictor.detector else ()
    counts = [count for part in modules if isinstance(count := vars(part).get('num_classes'), int)]
    if options.det_cat_id >= max(counts, default=options.det_cat_id + 1):
        warnings.warn(
            f'--det-cat-id {options.det_cat_id} may find nobody: the last class of the detector is {max(counts) - 1}.',
            stacklevel=2,
        )
    return predictor


def build_drawer(options: DemoOptions, metainfo: Any) -> PoseDrawer:
    """Build the drawer of the options for a keypoint set."""
    return PoseDrawer(
        metainfo,
        options.kpt_thr,
        radius=options.radius,
        thickness=options.thickness,
        alpha=options.alpha,
        draw_bbox=options.draw_bbox,
        draw_heatmap=options.draw_heatmap,
        show_kpt_idx=options.show_kpt_idx,
        skeleton_style=options.skeleton_style,
    )


def prepare_folder(folder: Path, images: list[Path]) -> Path:
    """Make the output folder where it does not exist, and check that it can be written to.

    Raises:
        ValueError: it cannot be made or written to, or the pictures would replace the images.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f'--output-root {folder} cannot be written to ({error.strerror}): give another.') from error
    if folder.resolve() == images[0].parent.resolve():
        raise ValueError(f'--output-root {folder} holds the images, which would be replaced: give another.')
    return folder


def summarise(records: list[dict[str, Any]], failed: int) -> str:
    """Return a summary of the records: '5 images: 12 people; 1 without people; 1 could not be read'."""
    people = [len(record['instances']) for record in records if 'error' not in record]
    parts = [f'{counted(len(records), "image")}: {counted(sum(people), "person", "people")}']
    if 0 in people:
        parts.append(f'{people.count(0)} without people')
    if failed:
        parts.append(f'{failed} could not be read')
    return '; '.join(parts)
