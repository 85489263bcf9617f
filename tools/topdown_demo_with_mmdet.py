"""Find people with an mmdet detector and their keypoints with a pose model, and draw both.

    python tools/topdown_demo_with_mmdet.py --input photo.jpg
    python tools/topdown_demo_with_mmdet.py rtmdet-t vitpose_large --input photos --output-root pictures
    python tools/topdown_demo_with_mmdet.py DET_CONFIG DET_CHECKPOINT POSE_CONFIG POSE_CHECKPOINT --input photo.jpg
    python tools/topdown_demo_with_mmdet.py --input walk.mp4 --smooth oneeuro --save-predictions

The input is an image, a folder of images, a video, webcam:0 or the address of a stream. Models with released weights
go by name (see vitpose_mm.zoo) and are downloaded once; every other one is given as its config and its checkpoint. The
exit code is 0 when all went well, 1 when an image could not be read (the others are done) or a video ended early, 2
when nothing could be done.
"""

import argparse
import os
import sys
import warnings

from vitpose_mm.utils.arguments import silence_known_warnings

DETECTOR_NOISE = (r'`torch\.cuda\.amp', r'torch\.meshgrid: in an upcoming')  # old names that mmdet uses


def parse_args() -> argparse.Namespace:
    """Parse the command line; the options have the names of mmpose's demo."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models = (
        "detector, then pose model: each a name (default: 'rtmdet' and 'vitpose_base'), or its config (a file, or "
        "package::path as in 'vitpose_mm::coco/NAME.py') and its checkpoint (a file or an address); the detector "
        "'none': every image is one person"
    )
    parser.add_argument('models', nargs='*', metavar='MODEL', help=models)
    parser.add_argument(
        '--input', required=True, help='image, folder of images (not its subfolders), video, webcam:0 or stream'
    )
    parser.add_argument('--offline', action='store_true', help='use models that were downloaded before, and no network')
    where = 'folder for the pictures and the json file (default: vis_results, unless --show)'
    parser.add_argument('--output-root', default='', help=where)
    parser.add_argument('--save-predictions', action='store_true', help='write results_<input>.json there')
    parser.add_argument('--show', action='store_true', help='show every picture in a window')
    parser.add_argument('--show-interval', type=float, default=0, help='seconds for a picture; 0: until a key')
    parser.add_argument('--device', help="such as 'cpu' or 'cuda:0' (default: the first GPU, or the CPU)")
    parser.add_argument('--dataset', metavar='NAME', help='of a model of several: whose keypoints (coco, ...)')
    parser.add_argument('--det-cat-id', type=int, default=0, help="the detector's class index of a person (default: 0)")
    parser.add_argument('--bbox-thr', type=float, default=0.3, help='lowest score of a person box (default: 0.3)')
    parser.add_argument('--nms-thr', type=float, default=0.3, help='largest IoU of two person boxes (default: 0.3)')
    parser.add_argument('--kpt-thr', type=float, default=0.3, help='lowest score of a drawn keypoint (default: 0.3)')
    parser.add_argument('--draw-heatmap', action='store_true', help='add the heatmaps below the picture')
    parser.add_argument('--draw-bbox', action='store_true', help='draw the person boxes')
    parser.add_argument('--show-kpt-idx', action='store_true', help='write the index beside each keypoint')
    parser.add_argument('--skeleton-style', default='mmpose', choices=['mmpose', 'openpose'])
    parser.add_argument('--radius', type=int, help='of a keypoint in pixels (default: by image size)')
    parser.add_argument('--thickness', type=int, help='of a link in pixels (default: by image size)')
    parser.add_argument('--alpha', type=float, default=0.8, help='how much the drawing covers, 0 to 1 (default: 0.8)')
    add_video_options(parser)
    args = parser.parse_intermixed_args()  # models before or after the options
    if not (args.output_root or args.show):
        args.output_root = 'vis_results'  # where mmpose's own documentation puts them
    return args


def add_video_options(parser: argparse.ArgumentParser) -> None:
    """Add what only videos have, and the size of a batch."""
    videos = parser.add_argument_group('videos')
    track = 'give people ids over time (default: bytetrack, where the next two need ids)'
    videos.add_argument('--track', nargs='?', const='bytetrack', choices=['bytetrack', 'ocsort'], help=track)
    smooth = 'smooth the keypoints of each person: at once, or 0.3 seconds later and steadier'
    videos.add_argument('--smooth', nargs='?', const='oneeuro', choices=['oneeuro', 'savgol'], help=smooth)
    videos.add_argument(
        '--det-interval', type=int, default=1, metavar='N', help='detect in every Nth frame (default: 1)'
    )
    videos.add_argument(
        '--batch-size', type=int, default=8, help='images or frames that are predicted together (default: 8)'
    )
    codec = 'of the drawn video (default: vp8; vp9 is smaller and slow, h264 needs PyAV)'
    videos.add_argument('--video-codec', default='vp8', choices=['vp8', 'vp9', 'h264'], help=codec)


def main() -> int:
    """Run the demo and return the exit code."""
    args = vars(parse_args())
    silence_known_warnings()
    if args.pop('offline'):
        os.environ['VITPOSE_MM_OFFLINE'] = '1'
    for message in DETECTOR_NOISE:
        warnings.filterwarnings('ignore', message)
    from vitpose_mm.inference.demo import Demo, DemoOptions
    from vitpose_mm.video.demo import VideoDemo
    from vitpose_mm.video.reader import is_video
    from vitpose_mm.zoo import parse_models

    try:
        detector, pose = parse_models(args.pop('models'))
        if detector is not None:
            args |= {'det_config': detector.config, 'det_checkpoint': detector.checkpoint}
        args |= {'pose_config': pose.config, 'pose_checkpoint': pose.checkpoint}
        demo = (VideoDemo if is_video(args['input']) else Demo)(DemoOptions(**args))
    except (ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 1 if demo.run() else 0


if __name__ == '__main__':
    sys.exit(main())
