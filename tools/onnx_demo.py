"""Draw the keypoints of photos or a video and write a json file, by files that tools/export.py wrote.

    python onnx_demo.py vitpose.onnx --detector rtmdet.onnx --input photo.jpg --output-root pictures

This one file needs onnxruntime, numpy and opencv-python and nothing else: copy it beside the models. The input is an
image, a folder of images or a video. Without a detector each image or frame is one person. results.json holds a record
for each image or frame, with its name or number (from 0) and the people in it:
{image | frame_id, instances: [{keypoints: [[x, y], ...], keypoint_scores, bbox: [x1, y1, x2, y2], bbox_score}]}.
An image that cannot be read is left out, has its reason as error there, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(8192**2))  # small files can claim billions

import cv2
import numpy as np
import onnxruntime

VIDEOS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v')
IMAGES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff')
BATCH = 16  # crops in one pass
MAX_SIDE = 4096  # pixels of the input
# beginnings of files that list other files, which FFmpeg would read; it looks for them behind a sound's tag (ID3) too
PLAYLISTS = (b'#EXTM3U', b'ffconcat', b'<?xml', b'<MPD', b'v=0', b'ID3')


class Model:
    """Runs an exported file on (N, 3, H, W) float32, and has what its metadata says."""

    def __init__(self, path: str, task: str, threads: int) -> None:
        self.path = path
        if not Path(path).is_file():
            raise ValueError(f'{path} does not exist: write it with tools/export.py.')
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors; it warns of every constant in float16
        providers = [name for name in onnxruntime.get_available_providers() if name != 'TensorrtExecutionProvider']
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=providers)
        except Exception as error:  # onnxruntime's have no class of their own
            raise ValueError(f'{path} cannot be read by onnxruntime ({first_line(error)}): export it again.') from None
        self.meta: dict[str, str] = self.session.get_modelmeta().custom_metadata_map
        if self.meta.get('task') != task:
            raise ValueError(f'{path} is not a file of tools/export.py for {task}: its metadata does not say so.')
        try:
            check_metadata(self, POSE if task == 'pose' else DETECTION)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f'{path} has metadata that is damaged ({first_line(error)}): export it again.') from None
        self.width, self.height = self.read('input_size')
        self.mean, self.std = (np.float32(self.read(name)) for name in ('mean', 'std'))

    def read(self, name: str) -> Any:
        """The value of a name in the metadata."""
        return json.loads(self.meta[name])

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Return the outputs for (N, H, W, 3) uint8 BGR."""
        ordered = pixels[..., ::-1] if self.meta['input_order'] == 'rgb' else pixels
        normal = (ordered.astype(np.float32) - self.mean) / self.std
        try:
            outputs = self.session.run(None, {'input': np.ascontiguousarray(normal.transpose(0, 3, 1, 2))})
        except Exception as error:
            raise ValueError(f'{self.path} does not run ({first_line(error)}): export it again.') from None
        if not all(np.isfinite(output).all() for output in outputs):
            raise ValueError(f'{self.path} gives NaN or infinity: export the model again.')
        return outputs


def first_line(error: Exception) -> str:
    """The beginning of an error's text, for a sentence."""
    return ascii((str(error) or type(error).__name__).splitlines()[0][:150])[1:-1]


def numbers(low: float, high: float, count: int | None = None) -> Callable[[Any], bool]:
    """Return the check of a list of finite numbers from low to high; whole ones where the limits are."""
    kinds = (int, float) if isinstance(low, float) else (int,)

    def check(value: Any) -> bool:
        right = isinstance(value, list) and (len(value) == count if count else len(value) > 0)
        return right and all(type(one) in kinds and math.isfinite(one) and low <= one <= high for one in value)

    return check


PAIR = numbers(0, 10_000, 2)
COMMON = {
    'input_size': numbers(1, MAX_SIDE, 2),
    'mean': numbers(-1e6, 1e6, 3),
    'std': numbers(1e-6, 1e6, 3),
}
DETECTION = {**COMMON, 'pad_value': numbers(0.0, 255.0, 3)}
POSE: dict[str, Callable[[Any], object]] = {
    **COMMON,
    'keypoint_names': lambda value: isinstance(value, list) and value and all(isinstance(one, str) for one in value),
    'flip_pairs': lambda value: isinstance(value, list) and all(map(PAIR, value)),
    'skeleton': lambda value: isinstance(value, list) and all(map(PAIR, value)),
    'flip_test': lambda value: isinstance(value, bool),
    'box_padding': lambda value: numbers(0.1, 10.0, 1)([value]),
    'codec': lambda value: kernel_of(value) % 2 == 1 and 1 <= kernel_of(value) <= 101,
}


def kernel_of(codec: dict[str, Any]) -> int:
    """The size of the blur that a codec decodes with, in pixels of a heatmap."""
    return dict(codec).get('blur_kernel_size', 11)


def check_metadata(model: Model, checks: Mapping[str, Callable[[Any], object]]) -> None:
    """Check what a file says of itself.

    Raises:
        KeyError, TypeError, ValueError, RecursionError: something is missing, or is not what tools/export.py writes.
    """
    for name, check in checks.items():
        if not check(model.read(name)):
            raise ValueError(f'{name} is {model.meta[name][:80]}')
    words = {'input_order': ('rgb', 'bgr')} | ({'output': ('heatmaps', 'keypoints')} if checks is POSE else {})
    for name, known in words.items():
        if model.meta[name] not in known:
            raise ValueError(f'{name} is {model.meta[name][:80]}')
    if checks is POSE:
        count = len(model.read('keypoint_names'))
        ends = [end for name in ('flip_pairs', 'skeleton') for pair in model.read(name) for end in pair]
        if model.meta['dataset_name'] is None or max(ends, default=0) >= count:
            raise ValueError(f'a pair of keypoints beyond the {count}')


class Detector:
    """Detects (N, 5) boxes x1, y1, x2, y2 of people and scores, best first, in an (H, W, 3) uint8 BGR image."""

    def __init__(self, model: Model, *, bbox_thr: float, nms_thr: float) -> None:
        self.model, self.bbox_thr, self.nms_thr = model, bbox_thr, nms_thr

    def __call__(self, image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        ratio = min(self.model.width / width, self.model.height / height)
        size = (int(width * ratio + 0.5), int(height * ratio + 0.5))
        canvas = np.empty((self.model.height, self.model.width, 3), np.uint8)
        canvas[:] = self.model.read('pad_value')
        canvas[: size[1], : size[0]] = cv2.resize(image, size)
        boxes, scores = (output[0] for output in self.model(canvas[None]))
        found = scores[:, 0] > self.bbox_thr  # people are the first class
        limits = [self.model.width, self.model.height] * 2
        boxes = boxes[found].clip(0, limits) / np.tile(np.divide(size, (width, height)), 2)
        return suppress(np.column_stack((boxes, scores[found, :1])).astype(np.float32), self.nms_thr)


def suppress(boxes: np.ndarray, nms_thr: float) -> np.ndarray:
    """Return those of (N, 5) boxes and scores that no better one overlaps by more than nms_thr, best first."""
    sizes = np.column_stack((boxes[:, :2], boxes[:, 2:4] - boxes[:, :2])).astype(float)
    return boxes[np.array(cv2.dnn.NMSBoxes(sizes.tolist(), boxes[:, 4].tolist(), 0.0, nms_thr), int)]


class Pose:
    """Estimates (N, K, 2) keypoints in pixels and (N, K) scores of (N, 4) boxes in an (H, W, 3) uint8 BGR image."""

    def __init__(self, model: Model, *, flip_test: bool) -> None:
        self.model = model
        self.flip_test = flip_test and model.meta['output'] == 'heatmaps' and model.read('flip_test')
        self.names: list[str] = model.read('keypoint_names')
        self.mirrored = np.arange(len(self.names))
        for one, other in model.read('flip_pairs'):
            self.mirrored[[one, other]] = other, one

    def __call__(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        keypoints, scores = np.zeros((len(boxes), len(self.names), 2)), np.zeros((len(boxes), len(self.names)))
        for start in range(0, len(boxes), BATCH):
            part = slice(start, start + BATCH)
            keypoints[part], scores[part] = self.estimate(image, boxes[part])
        return keypoints, scores

    def estimate(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimate keypoints and scores of a batch of boxes in an image."""
        size = np.array([self.model.width, self.model.height])
        centres = (boxes[:, :2] + boxes[:, 2:4]) / 2
        scales = np.maximum(boxes[:, 2:4] - boxes[:, :2], 1) * self.model.read('box_padding')
        scales = np.maximum(scales, scales[:, ::-1] * size / size[::-1])  # of the input's shape
        crops = np.stack([self.crop(image, *where) for where in zip(centres, scales, strict=True)])
        output = self.model(crops)[0]
        shape = (len(crops), len(self.names), *([3] if self.model.meta['output'] == 'keypoints' else output.shape[2:4]))
        if output.shape != shape or min(output.shape[2:]) < 2:
            raise ValueError(f'{self.model.path} gives numbers of shape {output.shape}: export the model again.')
        if self.model.meta['output'] == 'heatmaps':
            if self.flip_test:
                other = self.model(np.ascontiguousarray(crops[:, :, ::-1]))[0]
                output = (output + other[:, self.mirrored, :, ::-1]) / 2
            output = decode(output, kernel_of(self.model.read('codec'))) * [*size, 1]
        found = output[..., :2] / size * scales[:, None] + (centres - scales / 2)[:, None]
        return found, output[..., 2]

    def crop(self, image: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Cut the (h, w, 3) uint8 crop of a box by centre and (w, h), corner pixels on corner pixels (UDP)."""
        size = (self.model.width, self.model.height)
        factor = (np.array(size) - 1) / scale
        warp = np.column_stack((np.diag(factor), factor * (scale / 2 - centre)))
        return cv2.warpAffine(image, warp, size, flags=cv2.INTER_LINEAR)


def decode(heatmaps: np.ndarray, kernel: int) -> np.ndarray:
    """Decode (N, K, h, w) heatmaps to (N, K, 3): x and y from 0 to 1 over the map, and score (UDP's DARK decoding)."""
    height, width = heatmaps.shape[2:]
    return np.array(
        [[[*peak(each, kernel) / [width - 1, height - 1], each.max()] for each in maps] for maps in heatmaps]
    )


def peak(heatmap: np.ndarray, kernel: int) -> np.ndarray:
    """Return (x, y) of the maximum of an (h, w) heatmap, by one Newton step on the logarithm of the blurred map."""
    y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
    if heatmap[y, x] <= 0:
        return np.array([x, y], float)
    blurred = cv2.GaussianBlur(heatmap, (kernel, kernel), 0, borderType=cv2.BORDER_CONSTANT)
    logs = np.log((blurred * (heatmap[y, x] / blurred.max())).clip(1e-3, 50))
    near = np.pad(logs, 1, mode='edge')[y : y + 3, x : x + 3].astype(float)
    gradient = np.array([near[1, 2] - near[1, 0], near[2, 1] - near[0, 1]]) / 2
    xx, yy = near[1, 2] + near[1, 0] - 2 * near[1, 1], near[2, 1] + near[0, 1] - 2 * near[1, 1]
    xy = (near[2, 2] - near[1, 2] - near[2, 1] + 2 * near[1, 1] - near[1, 0] - near[0, 1] + near[0, 0]) / 2
    hessian = np.array([[xx, xy], [xy, yy]]) + np.finfo(np.float32).eps * np.eye(2)
    return np.array([x, y]) - (np.linalg.solve(hessian, gradient) if np.linalg.det(hessian) else 0)


def draw(image: np.ndarray, people: list[dict[str, Any]], links: list[list[int]], kpt_thr: float) -> np.ndarray:
    """Draw the people of an image with boxes, links and keypoints on a copy."""
    picture = image.copy()
    radius = max(2, round(min(image.shape[:2]) / 160))
    for person in people:
        points = np.rint(person['keypoints']).astype(int)
        sure = np.array(person['keypoint_scores']) > kpt_thr
        left, top, right, bottom = (round(side) for side in person['bbox'])
        cv2.rectangle(picture, (left, top), (right, bottom), (160, 160, 160), max(1, radius // 2))
        for one, other in links:
            if sure[one] and sure[other]:
                cv2.line(picture, points[one].tolist(), points[other].tolist(), (0, 200, 0), radius, cv2.LINE_AA)
        for point in points[sure].tolist():
            cv2.circle(picture, point, radius, (0, 80, 255), -1, cv2.LINE_AA)
    return picture


def frames_of(source: Path) -> Iterator[tuple[dict[str, Any], np.ndarray | None]]:
    """Yield ({'image': name} or {'frame_id': number from 0}, (H, W, 3) uint8 BGR) of an image, folder or video.

    An image that cannot be read is None, and has its reason as 'error'.
    """
    if not source.is_dir() and not source.is_file():
        raise ValueError(f'{source} is not a regular file: name an image, a folder of images or a video.')
    if source.suffix.lower() in VIDEOS:
        with source.open('rb') as file:
            if file.read(64).lstrip(b'\xef\xbb\xbf \t\r\n').startswith(PLAYLISTS):
                raise ValueError(f'{source} is a list of other files, or of sound, and not a video: give the video.')
        video = cv2.VideoCapture(str(source))
        video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        number = 0
        while (read := video.read())[0]:
            yield {'frame_id': number}, read[1]
            number += 1
        if not number:
            raise ValueError(f'{source} cannot be read as a video: convert it to .mp4.')
        return
    images = [source]
    if source.is_dir():
        images = sorted(path for path in source.iterdir() if path.suffix.lower() in IMAGES and path.is_file())
    if not images:
        raise ValueError(f'{source} has no images ({", ".join(IMAGES)}): name another folder.')
    for path in images:
        try:
            image = cv2.imread(str(path))
        except cv2.error:  # more pixels than allowed
            image = None
        record = {'image': path.name}
        if image is None:
            record['error'] = f'{path} cannot be read as an image: remove it, or save it again.'
        yield record, image


def without_link(file: Path) -> Path:
    """Return a path to write to; a link there is removed, because its target would be overwritten."""
    if file.is_symlink():
        file.unlink()
    return file


class Output:
    """Pictures, or one video in VP9, below a folder."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.source, self.folder = source, folder
        self.video: Any = None
        self.size = (0, 0)  # of the video's pictures
        folder.mkdir(parents=True, exist_ok=True)
        if folder.resolve() == (source if source.is_dir() else source.parent).resolve():
            raise ValueError(f'--output-root {folder} holds the input, which would be replaced: name another folder.')

    def add(self, record: dict[str, Any], picture: np.ndarray) -> None:
        """Write one picture."""
        if 'image' in record:
            if not cv2.imwrite(str(without_link(self.folder / record['image'])), picture):
                raise OSError(f'{self.folder / record["image"]} cannot be written: look at the disk.')
            return
        if self.video is None:
            rate = cv2.VideoCapture(str(self.source)).get(cv2.CAP_PROP_FPS)
            rate = rate if 0.1 <= rate <= 1000 else 25  # NaN too
            self.size = (picture.shape[1], picture.shape[0])
            name = str(without_link(self.folder / f'{self.source.stem}.mp4'))
            self.video = cv2.VideoWriter(name, cv2.VideoWriter.fourcc(*'vp09'), rate, self.size)
            if not self.video.isOpened():
                raise OSError(f'{name} cannot be written: look at the disk.')
        same = picture.shape[1::-1] == self.size  # frames of another size would be left out without a word
        self.video.write(picture if same else cv2.resize(picture, self.size))

    def close(self) -> None:
        """Finish the video."""
        if self.video is not None:
            self.video.release()


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('pose', help='pose model, .onnx')
    parser.add_argument('--detector', help='detector of people, .onnx (default: an image is one person)')
    parser.add_argument('--input', required=True, type=Path, help='image, folder of images, or video')
    parser.add_argument('--output-root', type=Path, default=Path('vis_results'), help='default: vis_results')
    parser.add_argument('--bbox-thr', type=float, default=0.3, help='lowest score of a box (default: 0.3)')
    parser.add_argument('--nms-thr', type=float, default=0.3, help='largest IoU of two boxes (default: 0.3)')
    parser.add_argument('--kpt-thr', type=float, default=0.3, help='lowest score of a drawn keypoint (default: 0.3)')
    parser.add_argument('--no-flip-test', action='store_true', help='one pass a crop instead of two')
    parser.add_argument('--threads', type=int, default=0, help='of the CPU (default: all)')
    return parser.parse_args()


def run(args: argparse.Namespace) -> int:
    """Write pictures and results.json as the arguments say; return the number of images that could not be read.

    Raises:
        ValueError: a file that is missing, cannot be read, or was not written by tools/export.py.
    """
    if not args.input.exists():
        raise ValueError(f'{args.input} does not exist: name an image, a folder of images or a video.')
    pose = Pose(Model(args.pose, 'pose', args.threads), flip_test=not args.no_flip_test)
    detector = None
    if args.detector:
        model = Model(args.detector, 'detection', args.threads)
        detector = Detector(model, bbox_thr=args.bbox_thr, nms_thr=args.nms_thr)
    links = pose.model.read('skeleton')
    output = Output(args.input, args.output_root)
    records: list[dict[str, Any]] = []
    try:
        for record, image in frames_of(args.input):
            if image is None:
                print(f'left out: {record["error"]}', file=sys.stderr)
                records.append({**record, 'instances': []})
                continue
            boxes = detector(image) if detector else np.array([[0, 0, *image.shape[1::-1], 1]], np.float32)
            people = [
                {
                    'keypoints': points.round(3).tolist(),
                    'keypoint_scores': scores.round(4).tolist(),
                    'bbox': box[:4].round(2).tolist(),
                    'bbox_score': round(float(box[4]), 4),
                }
                for points, scores, box in zip(*pose(image, boxes), boxes, strict=True)
            ]
            records.append({**record, 'instances': people})
            output.add(record, draw(image, people, links, args.kpt_thr))
    finally:  # what is there is kept
        output.close()
        meta = {'dataset_name': pose.model.meta['dataset_name'], 'keypoint_names': pose.names, 'skeleton_links': links}
        results = json.dumps({'meta_info': meta, 'instance_info': records})
        without_link(args.output_root / 'results.json').write_text(results, encoding='utf-8')
    found = sum(len(record['instances']) for record in records)
    failed = sum('error' in record for record in records)
    left_out = f', {failed} could not be read' if failed else ''
    print(f'images or frames: {len(records)}{left_out}; people: {found}; written to {args.output_root}')
    return failed


def main() -> int:
    """Run, and say in one sentence what is wrong."""
    try:
        return 1 if run(parse_args()) else 0
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
