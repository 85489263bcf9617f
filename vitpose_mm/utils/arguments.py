"""Command line arguments that several tools share; parsing them imports nothing heavy."""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

# What MMPose's packages say of one another and of their own defaults; nothing that a user could fix.
NOISE = (
    'pkg_resources is deprecated',
    'The metainfo config file',
    'Since the spatial dimensions of overlaid_image',
    '`torch.cuda.amp.autocast',
)


class ConfigOptions(argparse.Action):
    """Collect key=value words in a dict by mmengine's DictAction, which is imported only when the flag is used."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        from mmengine.config import DictAction

        for word in values if isinstance(values, (list, tuple)) else [values]:
            if '=' not in str(word):
                parser.error(f'{option_string} takes KEY=VALUE and got {word!r}')
        DictAction(self.option_strings, self.dest)(parser, namespace, values, option_string)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add mmengine's --cfg-options."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        default={},
        metavar='KEY=VALUE',
        help='override settings of the config, as in `train_dataloader.batch_size=32 a.b="[1,2]"`',
    )


def add_pictures(parser: argparse.ArgumentParser) -> None:
    """Add mmpose's flags for drawing predictions during validation and test."""
    parser.add_argument('--show-dir', help='draw predictions into this folder (in training, below the work folder)')
    parser.add_argument('--show', action='store_true', help='draw predictions in a window')
    parser.add_argument('--interval', type=int, default=1, help='draw one of N samples (default: 1)')
    parser.add_argument('--wait-time', type=float, default=1, help='seconds that a window stays (default: 1)')


def add_predictor_options(parser: argparse.ArgumentParser) -> None:
    """Add what a PosePredictor is made of, but for its pose models and its device."""
    detector = "a name (default: 'rtmdet'), a config and its checkpoint, or 'none': every image is one person"
    parser.add_argument('--detector', nargs='+', default=['rtmdet'], metavar='MODEL', help=detector)
    parser.add_argument('--offline', action='store_true', help='use models that were downloaded before, and no network')
    parser.add_argument(
        '--dataset',
        metavar='NAME',
        help='of a model that was trained on several: whose keypoints to predict (coco, ...)',
    )
    precision = 'number type of the pose models; auto is bf16 where the hardware computes in it (default: auto)'
    parser.add_argument('--precision', default='auto', choices=['auto', 'fp32', 'bf16'], help=precision)
    parser.add_argument('--bbox-thr', type=float, default=0.3, help='lowest score of a person box (default: 0.3)')
    parser.add_argument(
        '--nms-thr', type=float, default=0.3, help='boxes with a larger IoU are of one person (default: 0.3)'
    )


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Add --launcher, and --local-rank as torch's launcher passes it."""
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='who starts the processes (default: none, one process)',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def require_config(args: argparse.Namespace) -> None:
    """End with one sentence where the config is not a file, before anything heavy is imported."""
    if '::' not in args.config and not Path(args.config).is_file():
        raise SystemExit(
            f'error: there is no config file {args.config}: give the path of a .py config, or the name of an installed '
            f"one ('vitpose_mm::coco/NAME.py')."
        )


def export_local_rank(args: argparse.Namespace) -> None:
    """Put --local-rank where mmengine looks for it; what the launcher itself exported wins."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))


def silence_known_warnings() -> None:
    """Leave out warnings that no user can do anything about, here and in processes started from here.

    To be called before heavy imports.
    """
    for message in NOISE:
        warnings.filterwarnings('ignore', message)
    os.environ.setdefault('PYTHONWARNINGS', ','.join(f'ignore:{message}' for message in NOISE))
