"""Draw predicted people on pixels by mmpose's visualizer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmpose.structures import PoseDataSample
from mmpose.visualization import PoseLocalVisualizer

from ..utils.files import complete

# what is taken of a keypoint set: MMPose's visualizer takes a colour of boxes too, which sets of MMPose do not have
DRAWN = ('dataset_name', 'keypoint_colors', 'skeleton_links', 'skeleton_link_colors')
SIDE_PER_RADIUS = 160  # default radius of a keypoint: the shorter side of the image, divided by this


class PoseDrawer:
    """Draws people on an (H, W, 3) uint8 BGR image and returns an (H', W, 3) uint8 BGR picture.

    H' is H, or 2 H where heatmaps are drawn below. All is drawn opaque and laid over the image once: mmpose
    blends the whole image for every keypoint, which takes minutes for a crowd in a large photo.

    Args:
        metainfo: the keypoint set with its colours and links, parsed as mmpose does.
        kpt_thr: keypoints with a lower score are left out, 0 to 1.
        radius: radius of a keypoint in pixels; None: grows with the image, 3 at least.
        thickness: thickness of a link in pixels; None: two thirds of the radius.
        alpha: how much of the drawing covers the image, 0 to 1.

    Raises:
        ValueError: skeleton_style='openpose' for a keypoint set that has no such style.
    """

    def __init__(
        self,
        metainfo: Mapping[str, Any],
        kpt_thr: float = 0.3,
        *,
        radius: int | None = None,
        thickness: int | None = None,
        alpha: float = 0.8,
        draw_bbox: bool = False,
        draw_heatmap: bool = False,
        show_kpt_idx: bool = False,
        skeleton_style: str = 'mmpose',
    ) -> None:
        self.radius, self.thickness, self.alpha = radius, thickness, alpha
        self.options = {
            'kpt_thr': kpt_thr,
            'draw_bbox': draw_bbox,
            'draw_heatmap': draw_heatmap,
            'show_kpt_idx': show_kpt_idx,
            'skeleton_style': skeleton_style,
        }
        self.visualizer = PoseLocalVisualizer(alpha=1.0)
        drawn = {key: metainfo[key] for key in DRAWN if key in metainfo}
        try:
            self.visualizer.set_dataset_meta(drawn, skeleton_style=skeleton_style)
        except NotImplementedError as error:
            raise ValueError(
                f'--skeleton-style openpose is there for coco and coco_wholebody, not for '
                f'{metainfo["dataset_name"]}: leave it out.'
            ) from error

    def __call__(self, image: np.ndarray, sample: PoseDataSample) -> np.ndarray:
        radius = self.radius or max(3, round(min(image.shape[:2]) / SIDE_PER_RADIUS))
        self.visualizer.radius = radius
        self.visualizer.line_width = self.thickness or max(1, round(radius * 2 / 3))
        rgb = np.ascontiguousarray(image[..., ::-1])
        drawn = self.visualizer.add_datasample('result', rgb, sample, draw_gt=False, **self.options)
        height = len(rgb)
        blended = cv2.addWeighted(rgb, 1 - self.alpha, drawn[:height], self.alpha, 0)
        return np.concatenate((blended, drawn[height:]))[..., ::-1]

    def show(self, picture: np.ndarray, title: str, *, seconds: float = 0) -> None:
        """Show a picture in a window, for some seconds or, with 0, until a key is pressed."""
        self.visualizer.show(np.ascontiguousarray(picture[..., ::-1]), win_name=title, wait_time=seconds)


def check_window() -> None:
    """Raise a ValueError where OpenCV was built without windows, or there is no screen."""
    try:
        cv2.namedWindow('result')
        cv2.destroyWindow('result')
    except cv2.error as error:
        raise ValueError(
            '--show needs a window and this OpenCV has none (opencv-python-headless, or no screen): '
            'use --output-root and look at the files.'
        ) from error


def save_picture(picture: np.ndarray, path: Path, *, taken: Collection[str] = ()) -> Path:
    """Write an (H, W, 3) uint8 BGR picture to ``path``, as ``path.png`` where OpenCV cannot write that format.

    Args:
        picture: pixels to write.
        path: its file; an existing one is replaced.
        taken: file names in the same folder that other pictures will get; one of these gets a number instead.

    Returns:
        The path that was written.
    """
    try:
        written, data = cv2.imencode(path.suffix, picture)
    except cv2.error:
        written = False
    if not written:
        name, number = f'{path.name}.png', 1
        while name in taken:
            name, number = f'{path.name}.{number}.png', number + 1
        path = path.with_name(name)
        data = cv2.imencode('.png', picture)[1]
    with complete(path) as part:
        part.write_bytes(data.tobytes())
    return path
