"""The demo for videos: from a file, webcam or stream to a drawn video and a json file, with progress."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from ..inference.demo import DemoOptions, build_drawer, build_predictor, check_options, prepare_folder
from ..utils.counted import counted
from ..utils.progress import progress_bar
from .predict import predict_video
from .reader import VideoReader
from .records import FrameLog, ResultsFile, open_results
from .result import VideoResult
from .smoothing import make_smoother
from .track_labels import draw_track_ids
from .tracking import PeopleTracker
from .writer import CODECS, VideoWriter, check_codec

# options that do not change the predictions of the models
DERIVED = [
    'input',
    'output_root',
    'save_predictions',
    'show',
    'show_interval',
    'smooth',
    'video_codec',
    'kpt_thr',
    'draw_bbox',
    'show_kpt_idx',
    'skeleton_style',
    'radius',
    'thickness',
    'alpha',
    'draw_heatmap',
    'device',
    'batch_size',
]
SHORTEST_SHOW = 0.001  # seconds that a window gets to draw a frame


class VideoDemo:
    """Checks everything that can go wrong before the first frame; run() does the work.

    Raises:
        ValueError: bad options, source, output folder, config or checkpoint.
    """

    def __init__(self, options: DemoOptions) -> None:
        check_options(options)
        if options.draw_heatmap:
            raise ValueError('--draw-heatmap is for images: leave it out, or take the video apart into frames.')
        for name in ('det_interval', 'batch_size'):
            if getattr(options, name) < 1:
                raise ValueError(f'--{name.replace("_", "-")} is {getattr(options, name)}: give 1 or more.')
        check_codec(options.video_codec)
        self.options = options
        self.track = options.track or ('bytetrack' if options.smooth or options.det_interval > 1 else None)
        self.reader = VideoReader(options.input)
        if self.track:
            PeopleTracker(self.track)
        if options.smooth:
            make_smoother(options.smooth, self.reader.fps)
        self.folder = None
        if options.output_root:
            self.folder = prepare_folder(Path(options.output_root), [Path(options.input)])
        self.predictor = build_predictor(options)
        self.draw = build_drawer(options, self.predictor.metainfo)

    def run(self) -> int:
        """Process all frames; return the number without prediction, or 1 where the video ended early or was stopped."""
        log = self._open_log()
        if log and log.replaced:
            tqdm.write(f'{log.path}: an earlier run had other settings, so this one starts from the beginning')
        summary = Summary()
        try:
            with ExitStack() as stack, stop_on_signals() as stop:
                files = self._open_files(stack)
                for result in self._results(log, stop):
                    self._write(result, files)
                    summary.add(result)
                summary.stopped = 'stopped' if stop.is_set() else None
        except OSError as error:  # the disk is full, ..
            summary.stopped = f'stopped: {error}'
        return self._finish(summary, log)

    def _open_log(self) -> FrameLog | None:
        if self.folder is None:
            return None
        settings = {key: value for key, value in asdict(self.options).items() if key not in DERIVED}
        settings |= {'track': self.track, 'source': self.reader.label}
        if self.reader.is_file:
            state = Path(self.options.input).stat()
            settings |= {'bytes': state.st_size, 'modified': state.st_mtime}
        return FrameLog(
            self.folder / f'results_{self.reader.name}.jsonl',
            settings,
            resume=self.reader.is_file,
        )

    def _open_files(self, stack: ExitStack) -> tuple[VideoWriter | None, ResultsFile | None]:
        """Drawn video and json file, which are finished when the stack is closed, as asked for."""
        if self.folder is None:
            return None, None
        codec = self.options.video_codec
        writer = VideoWriter(self.folder / f'{self.reader.name}{CODECS[codec]}', fps=self.reader.fps, codec=codec)
        stack.callback(writer.close)
        results = None
        if self.options.save_predictions:
            video = {'source': self.reader.label, 'fps': self.reader.fps, 'num_frames': self.reader.num_frames}
            results = stack.enter_context(open_results(self._results_path(), self.predictor.metainfo, video))
        return writer, results

    def _results_path(self) -> Path:
        assert self.folder is not None
        return self.folder / f'results_{self.reader.name}.json'

    def _results(self, log: FrameLog | None, stop: threading.Event) -> Iterator[VideoResult]:
        results = predict_video(
            self.predictor,
            self.reader,
            track=self.track,
            smooth=self.options.smooth,
            det_interval=self.options.det_interval,
            batch_size=self.options.batch_size,
            log=log,
            stop=stop,
        )
        return iter(progress_bar(results, total=self.reader.num_frames, unit='frame'))

    def _write(self, result: VideoResult, files: tuple[VideoWriter | None, ResultsFile | None]) -> None:
        writer, results = files
        if results:
            results.add(result)
        if result.error:
            tqdm.write(f'left out: {result.error}')
        if writer or self.options.show:
            picture = draw_track_ids(self.draw(result.image, result.sample), result)
            if writer:
                writer.write(picture, result.time)
            if self.options.show:
                seconds = max(self.options.show_interval, SHORTEST_SHOW)
                self.draw.show(picture, self.reader.name, seconds=seconds)

    def _finish(self, summary: Summary, log: FrameLog | None) -> int:
        """Say what the result is; return the number of failures."""
        ended_early = None if summary.stopped else self.reader.ended_early
        tqdm.write(summary.describe())
        if ended_early:
            tqdm.write(ended_early)
        if log and summary.stopped and self.reader.is_file:
            log.close()
            tqdm.write(f'the same command continues after the last frame in {log.path}')
        elif log:
            log.remove()
        if self.folder and (summary.frames or self.options.save_predictions):
            tqdm.write(f'written: {self.folder}')
        return summary.failed + bool((summary.stopped or ended_early) and self.reader.is_file)


class Summary:
    """Counts of frames, people and tracks."""

    def __init__(self) -> None:
        self.frames = self.people = self.failed = 0
        self.tracks: set[int] | None = None
        self.stopped: str | None = None

    def add(self, result: VideoResult) -> None:
        """Count a frame."""
        self.frames += 1
        self.people += len(result)
        self.failed += result.error is not None
        if result.track_ids is not None:
            self.tracks = (self.tracks or set()) | set(result.track_ids.tolist())

    def describe(self) -> str:
        """Return '250 frames: 498 people in 3 tracks; 1 could not be predicted; stopped'."""
        tracks = '' if self.tracks is None else f' in {counted(len(self.tracks), "track")}'
        parts = [f'{counted(self.frames, "frame")}: {counted(self.people, "person", "people")}{tracks}']
        if self.failed:
            parts.append(f'{self.failed} could not be predicted')
        return '; '.join([*parts, self.stopped] if self.stopped else parts)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets; a second one ends the program at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def set_stop(number: int, frame: object) -> None:
        stop.set()
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, set_stop)
    try:
        yield stop
    finally:
        restore()
