"""Label the people in many images with keypoints: COCO files in parts, then one.

    python tools/label.py photos more_photos list.txt --out labels
    torchrun --nproc-per-node 8 tools/label.py photos --out labels --launcher pytorch
    python tools/label.py --merge --out labels

Inputs are folders with their subfolders, images, and .txt files with a path a line. The same command goes on where it
was stopped; the labels are the same, byte for byte, however many processes there are and wherever they were stopped.
"""

import argparse
import os
import sys
import warnings
from pathlib import Path

from vitpose_mm.utils.arguments import add_launcher, add_predictor_options, export_local_rank, silence_known_warnings


def parse_args() -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('inputs', nargs='*', metavar='INPUT', help='folder, image, or .txt file with a path a line')
    parser.add_argument('--out', required=True, help='folder for the parts and labels.json')
    parser.add_argument('--merge', action='store_true', help='check that all parts are there, and write labels.json')
    pose = "a name (default: 'vitpose_base'), or a config and its checkpoint"
    parser.add_argument('--pose', nargs='+', default=['vitpose_base'], metavar='MODEL', help=pose)
    add_predictor_options(parser)
    parser.add_argument('--device', help="such as 'cpu' or 'cuda:0' (default: the GPU of the local rank, or the CPU)")
    parser.add_argument('--kpt-thr', type=float, default=0.3, help='lowest score of a keypoint that is labelled')
    parser.add_argument('--score-thr', type=float, default=0.0, help='lowest score of a person that is kept')
    parser.add_argument('--batch-size', type=int, default=8, help='images that go through the models together')
    parser.add_argument('--part-size', type=int, default=1000, help='images of a part file')
    parser.add_argument('--audit', type=int, default=0, metavar='N', help='draw N images, evenly spread, into audit/')
    add_launcher(parser)
    return parser.parse_args()


def label(args: argparse.Namespace) -> None:
    """Label the parts of this process."""
    from vitpose_mm.labelling.items import list_items
    from vitpose_mm.labelling.job import JobSettings, digest_of, find_shard, open_job
    from vitpose_mm.utils.progress import progress_bar
    from vitpose_mm.zoo import parse_detector, parse_pose_models

    rank, world_size = find_shard(args.launcher)
    poses, detector = parse_pose_models(args.pose), parse_detector(args.detector)
    if len(poses) != 1 or not args.inputs:
        raise ValueError('Give one pose model, and folders, images or .txt files.')
    items = list_items(args.inputs)
    options = {name: getattr(args, name) for name in ('dataset', 'precision', 'bbox_thr', 'nms_thr')}
    settings = JobSettings(
        pose=args.pose,
        detector=args.detector,
        items=digest_of(items),
        num_items=len(items),
        options=options,
        **{name: getattr(args, name) for name in ('batch_size', 'part_size', 'kpt_thr', 'score_thr')},
    )
    open_job(Path(args.out), settings, items)
    from vitpose_mm.inference import PosePredictor
    from vitpose_mm.labelling.run import Labeller

    device = args.device
    if device is None and world_size > 1:
        device = find_local_device()
    predictor = PosePredictor(poses[0], detector, device=device, **options)
    mine = sum(len(settings.items_of(part, items)) for part in range(rank, settings.num_parts, world_size))
    title = f'process {rank}' if world_size > 1 else 'label'
    with progress_bar(total=mine, unit='image', desc=title, position=rank) as bar:
        Labeller(predictor, Path(args.out), settings=settings, items=items, audit=args.audit, tell=bar.update).run(
            rank, world_size
        )
    print(f'{args.out}: {mine} images are labelled. When all processes are done, run this with --merge.')


def find_local_device() -> str | None:
    """Return the GPU of the local rank; None where there is none."""
    import torch

    local = int(os.environ.get('LOCAL_RANK') or os.environ.get('SLURM_LOCALID') or 0)
    return f'cuda:{local % torch.cuda.device_count()}' if torch.cuda.is_available() else None


def main() -> int:
    """Label or merge, and return the exit code."""
    args = parse_args()
    silence_known_warnings()
    warnings.filterwarnings('ignore', r'`torch\.cuda\.amp|torch\.meshgrid: in an upcoming')  # old names in mmdet
    export_local_rank(args)
    if args.offline:
        os.environ['VITPOSE_MM_OFFLINE'] = '1'
    try:
        if args.merge:
            from vitpose_mm.labelling.merge import merge

            merged = merge(Path(args.out), Path(args.out) / 'labels.json')
            failed = f'; {merged.failed} could not be read, listed under "failed"' if merged.failed else ''
            print(f'{merged.file}: {merged.images} images, {merged.people} people{failed}')
        else:
            label(args)
    except (ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
