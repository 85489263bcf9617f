"""Find people with an mmdet detector and their keypoints with a pose model, and draw both.

The input is an image or a folder of images. The exit code is 0 when all went well, 1 when an image could
not be read (the others are done), 2 when nothing could be done.
"""

import argparse
import sys
import warnings

from vitpose_mm.utils.arguments import silence_known_warnings

DETECTOR_NOISE = (r'`torch\.cuda\.amp', r'torch\.meshgrid: in an upcoming')  # old names that mmdet uses


def parse_args() -> argparse.Namespace:
    """Command line -> options; the names are those of mmpose's demo."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    model = "a file, or package::path as in 'vitpose_mm::coco/NAME.py'"
    parser.add_argument('det_config', help=f'config of the detector: {model}')
    parser.add_argument('det_checkpoint', help='checkpoint of the detector, a file or an address')
    parser.add_argument('pose_config', help=f'config of the pose model: {model}')
    parser.add_argument('pose_checkpoint', help='checkpoint of the pose model, a file or an address')
    parser.add_argument('--input', required=True, help='image, or folder of images (not its subfolders)')
    parser.add_argument('--output-root', default='', help='folder for the pictures and the json file')
    parser.add_argument('--save-predictions', action='store_true', help='write results_<input>.json there')
    parser.add_argument('--show', action='store_true', help='show every picture in a window')
    parser.add_argument('--show-interval', type=float, default=0, help='seconds for a picture; 0: until a key')
    parser.add_argument('--device', help="such as 'cpu' or 'cuda:0' (default: the first GPU, or the CPU)")
    parser.add_argument('--dataset', metavar='NAME', help='of a model of several: whose keypoints (coco, ...)')
    parser.add_argument('--det-cat-id', type=int, default=0, help="the detector's class index of a person")
    parser.add_argument('--bbox-thr', type=float, default=0.3, help='lowest score of a person box')
    parser.add_argument('--nms-thr', type=float, default=0.3, help='largest IoU of two person boxes')
    parser.add_argument('--kpt-thr', type=float, default=0.3, help='lowest score of a keypoint that is drawn')
    parser.add_argument('--draw-heatmap', action='store_true', help='add the heatmaps below the picture')
    parser.add_argument('--draw-bbox', action='store_true', help='draw the person boxes')
    parser.add_argument('--show-kpt-idx', action='store_true', help='write the index beside each keypoint')
    parser.add_argument('--skeleton-style', default='mmpose', choices=['mmpose', 'openpose'])
    parser.add_argument('--radius', type=int, help='of a keypoint in pixels (default: by image size)')
    parser.add_argument('--thickness', type=int, help='of a link in pixels (default: by image size)')
    parser.add_argument('--alpha', type=float, default=0.8, help='how much the drawing covers, 0 to 1')
    return parser.parse_args()


def main() -> int:
    """Run the demo and return the exit code."""
    args = parse_args()
    silence_known_warnings()
    for message in DETECTOR_NOISE:
        warnings.filterwarnings('ignore', message)
    from vitpose_mm.inference.demo import Demo, DemoOptions

    try:
        demo = Demo(DemoOptions(**vars(args)))
    except (ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 1 if demo.run() else 0


if __name__ == '__main__':
    sys.exit(main())
