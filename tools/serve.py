"""Serve a web page and an HTTP interface that find the keypoints of people in images.

    python tools/serve.py
    python tools/serve.py vitpose_small vitpose_large --detector rtmdet-t --port 8080
    python tools/serve.py POSE_CONFIG POSE_CHECKPOINT --detector DET_CONFIG DET_CHECKPOINT

Open the address that it prints, or send images to it: `curl -F file=@photo.jpg http://127.0.0.1:8000/predict`. Models
with released weights go by name (see vitpose_mm.zoo); every other one is given as its config and its checkpoint. Needs
the [web] extra: pip install 'vitpose_mm[web]'.
"""

import argparse
import os
import sys
import warnings

from vitpose_mm.utils.arguments import add_predictor_options, silence_known_warnings


def parse_args() -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models = "pose models to choose from: names (default: 'vitpose_base'), or configs, each with its checkpoint"
    parser.add_argument('models', nargs='*', metavar='MODEL', help=models)
    add_predictor_options(parser)
    parser.add_argument('--device', help="such as 'cpu' or 'cuda:0' (default: the first GPU, or the CPU)")
    parser.add_argument('--det-cat-id', type=int, default=0, help="the detector's class index of a person (default: 0)")
    where = 'address to listen on; with another than 127.0.0.1, other machines can use the server (default: 127.0.0.1)'
    parser.add_argument('--host', default='127.0.0.1', help=where)
    parser.add_argument('--port', type=int, default=8000, help='port to listen on; 0 takes a free one (default: 8000)')
    names = 'name that clients call this server by (repeat it for several); addresses and localhost need none'
    parser.add_argument('--allow-host', action='append', default=[], dest='allowed_hosts', metavar='NAME', help=names)
    parser.add_argument(
        '--max-batch', type=int, default=8, help='images that go through the models together (default: 8)'
    )
    parser.add_argument(
        '--max-wait', type=float, default=0.01, help='seconds that an image waits for others (default: 0.01)'
    )
    parser.add_argument(
        '--max-queue',
        type=int,
        default=64,
        help='requests that wait or are worked on; others are answered with 429 (default: 64)',
    )
    parser.add_argument('--max-bytes', type=int, default=20_000_000, help='largest request (default: 20,000,000)')
    parser.add_argument(
        '--max-pixels', type=int, default=25_000_000, help='largest image, or frame of a video (default: 25,000,000)'
    )
    parser.add_argument('--max-frames', type=int, default=600, help='longest video (default: 600)')
    parser.add_argument(
        '--timeout', type=float, default=60, help='seconds for a request to arrive, and to be answered (default: 60)'
    )
    parser.add_argument(
        '--video-timeout', type=float, default=300, help='seconds that the frames of a video may take (default: 300)'
    )
    studio = 'address of the Label Studio whose tasks are predicted; its token is in LABEL_STUDIO_API_KEY'
    parser.add_argument('--label-studio', default='', metavar='ADDRESS', help=studio)
    return parser.parse_intermixed_args()


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def main() -> int:
    """Serve until it is stopped, and return the exit code."""
    args = vars(parse_args())
    silence_known_warnings()
    warnings.filterwarnings('ignore', r'`torch\.cuda\.amp|torch\.meshgrid: in an upcoming')  # old names in mmdet
    if args.pop('offline'):
        os.environ['VITPOSE_MM_OFFLINE'] = '1'
    try:
        import fastapi  # noqa: F401
        import multipart  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        print(f"error: {error.name} is not installed: pip install 'vitpose_mm[web]'", file=sys.stderr)
        return 2
    from vitpose_mm.serve.listen import open_socket
    from vitpose_mm.serve.settings import ServeSettings
    from vitpose_mm.zoo import DEFAULT_POSE, parse_detector, parse_pose_models

    names = ('device', 'dataset', 'precision', 'det_cat_id', 'bbox_thr', 'nms_thr')
    options = {name: args.pop(name) for name in names}
    try:
        poses = parse_pose_models(args.pop('models') or [DEFAULT_POSE])
        detector = parse_detector(args.pop('detector'))
        settings = ServeSettings(**args | {'allowed_hosts': tuple(args['allowed_hosts'])})
        listener = open_socket(settings)
        say('starting ...')
        from vitpose_mm.serve.run import load_models, serve  # heavy: after what can be wrong has been looked at

        serve(load_models(poses, detector, say=say, **options), settings, listener=listener, say=say)
    except (ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
