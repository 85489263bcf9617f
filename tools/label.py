"""Label the people in many images and videos with keypoints: COCO files in parts, then one.

    python tools/label.py photos more_photos list.txt --out labels
    python tools/label.py videos --every 10 --out labels
    torchrun --nproc-per-node 8 tools/label.py photos --out labels --launcher pytorch
    python tools/label.py --merge --out labels

Inputs are folders with their subfolders, images, videos, and .txt files with one path per line. The same command
continues where it was stopped; the labels are the same, byte for byte, however many processes there
are and wherever they were stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from vitpose_mm.utils.arguments import add_launcher, add_predictor_options, export_local_rank, silence_known_warnings

if TYPE_CHECKING:
    from vitpose_mm.labelling.job import JobSettings


def parse_args() -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('inputs', nargs='*', metavar='INPUT', help='folder, image, video, or .txt file of paths')
    parser.add_argument('--out', required=True, help='folder for the parts and labels.json')
    parser.add_argument('--merge', action='store_true', help='check that all parts are there, and write labels.json')
    parser.add_argument(
        '--label-studio',
        nargs='?',
        const='/data/local-files/?d=',
        metavar='ROOT',
        help='with --merge: write tasks for Label Studio too; the address of an image is ROOT and its path (default: '
        '/data/local-files/?d=, its local storage)',
    )
    pose = "a name (default: 'vitpose_base'), or a config and its checkpoint"
    parser.add_argument('--pose', nargs='+', default=['vitpose_base'], metavar='MODEL', help=pose)
    add_predictor_options(parser)
    parser.add_argument('--device', help="such as 'cpu' or 'cuda:0' (default: the GPU of the local rank, or the CPU)")
    parser.add_argument('--kpt-thr', type=float, default=0.3, help='lowest score of a labelled keypoint (default: 0.3)')
    parser.add_argument(
        '--score-thr', type=float, default=0.0, help='lowest score of a person that is kept (default: 0)'
    )
    parser.add_argument(
        '--batch-size', type=int, default=8, help='images that go through the models together (default: 8)'
    )
    parser.add_argument('--part-size', type=int, default=1000, help='images of a part file (default: 1000)')
    parser.add_argument('--audit', type=int, default=0, metavar='N', help='draw N images, evenly spread, into audit/')
    every = 'label every Nth frame of videos too, from the first; without it they are left out'
    parser.add_argument('--every', type=int, metavar='N', help=every)
    track = "with --every: ids of people from frame to frame (default where it is given alone: 'bytetrack')"
    parser.add_argument('--track', nargs='?', const='bytetrack', choices=['bytetrack', 'ocsort'], help=track)
    add_launcher(parser)
    return parser.parse_args()


def label(args: argparse.Namespace) -> None:
    """Label the parts of this process."""
    from vitpose_mm.labelling.job import find_shard
    from vitpose_mm.utils.progress import progress_bar

    rank, world_size = find_shard(args.launcher)
    settings, items = open_job(args, is_first=rank == 0)
    from vitpose_mm.inference import PosePredictor
    from vitpose_mm.labelling.run import Labeller
    from vitpose_mm.zoo import parse_detector, parse_pose_models

    device = args.device
    if device is None and world_size > 1:
        device = find_local_device()
    pose = parse_pose_models(args.pose)[0]
    predictor = PosePredictor(pose, parse_detector(args.detector), device=device, **settings.options)
    parts = range(rank, settings.num_parts, world_size)
    images = sum(len(settings.items_of(part)) for part in parts if not settings.is_video(part))
    videos = sum(settings.is_video(part) for part in parts)
    title = f'process {rank}' if world_size > 1 else 'label'
    with progress_bar(total=images, unit='image', desc=title, position=rank) as bar:
        Labeller(predictor, Path(args.out), settings=settings, items=items, audit=args.audit, bar=bar).run(
            rank, world_size
        )
    done = describe_done(Path(args.out), parts, images=images, videos=videos)
    print(f'{args.out}: {done}. When all processes are done, run this with --merge.')


def describe_done(folder: Path, parts: range, *, images: int, videos: int) -> str:
    """Return what the parts of a process have: '2 images are done, 1 of them could not be read (see ..)'."""
    from vitpose_mm.labelling.merge import count_faults
    from vitpose_mm.utils.counted import counted

    failed, broken = count_faults(folder, parts)
    text = ' and '.join([counted(images, 'image')] + ([counted(videos, 'video')] if videos else []))
    text += ' is done' if images + videos == 1 else ' are done'
    if failed:
        which = f'{failed} of them' if not videos else counted(failed, 'image or frame', 'images or frames')
        text += f', {which} could not be read (see `failed` in the parts)'
    if broken:
        text += f', {counted(broken, "video")} could not be read to the end (see `videos` in the parts)'
    return text


def open_job(args: argparse.Namespace, *, is_first: bool) -> tuple[JobSettings, list[str]]:
    """Return what is to be done, which is written into the output folder, and all paths; the first process says more.

    Raises:
        ValueError: an argument is not possible, or the folder has another job.
    """
    from vitpose_mm.labelling.items import list_items
    from vitpose_mm.labelling.job import JobSettings, digest_of, open_job
    from vitpose_mm.zoo import parse_detector, parse_pose_models

    parse_detector(args.detector)
    if len(parse_pose_models(args.pose)) != 1 or not args.inputs:
        raise ValueError('Give one pose model, and folders, images, videos or .txt files.')
    if args.track and args.every is None:
        raise ValueError('--track follows people in videos: give --every N too, to label every Nth frame.')
    items, num_videos, left_out = list_items(args.inputs, with_videos=args.every is not None)
    if left_out and is_first:
        which = '1 video is' if left_out == 1 else f'{left_out} videos are'
        print(f'{which} left out: give --every N and another --out to label every Nth frame.')
    settings = JobSettings(
        pose=args.pose,
        detector=args.detector,
        items=digest_of(items),
        num_items=len(items),
        options={name: getattr(args, name) for name in ('dataset', 'precision', 'bbox_thr', 'nms_thr')},
        num_videos=num_videos,
        every=1 if args.every is None else args.every,
        **{name: getattr(args, name) for name in ('track', 'batch_size', 'part_size', 'kpt_thr', 'score_thr')},
    )
    if args.track:
        from vitpose_mm.video import PeopleTracker

        PeopleTracker(args.track)  # is its package there?
    open_job(Path(args.out), settings, items)
    return settings, items


def find_local_device() -> str | None:
    """Return the GPU of the local rank; None where there is none."""
    import torch

    local = int(os.environ.get('LOCAL_RANK') or os.environ.get('SLURM_LOCALID') or 0)
    return f'cuda:{local % torch.cuda.device_count()}' if torch.cuda.is_available() else None


def merge(args: argparse.Namespace) -> None:
    """Merge the parts, and say what there is."""
    from vitpose_mm.labelling.label_studio import write_label_studio
    from vitpose_mm.labelling.merge import merge
    from vitpose_mm.utils.counted import counted

    merged = merge(Path(args.out), Path(args.out) / 'labels.json')
    videos = f' and frames of {counted(merged.videos, "video")}' if merged.videos else ''
    failed = f'; {merged.failed} could not be read, listed under "failed"' if merged.failed else ''
    broken = f'; {counted(merged.broken, "video")} could not be read to the end, see "videos"' if merged.broken else ''
    images, people = counted(merged.images, 'image'), counted(merged.people, 'person', 'people')
    print(f'{merged.file}: {images}{videos}, {people}{failed}{broken}')
    if args.label_studio:
        print(f'{write_label_studio(Path(args.out), image_root=args.label_studio)}: tasks and labelling configuration')


def main() -> int:
    """Label or merge, and return the exit code."""
    args = parse_args()
    silence_known_warnings()
    warnings.filterwarnings('ignore', r'`torch\.cuda\.amp|torch\.meshgrid: in an upcoming')  # old names in mmdet
    export_local_rank(args)
    if args.offline:
        os.environ['VITPOSE_MM_OFFLINE'] = '1'
    try:
        if args.label_studio and not args.merge:
            raise ValueError('--label-studio writes what is merged: give --merge too.')
        merge(args) if args.merge else label(args)
    except (ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
