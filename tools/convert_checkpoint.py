"""Convert a checkpoint between ViTPose's formats, and from MAE's, timm's and DINO's pre-trained ones.

Examples:
    python tools/convert_checkpoint.py vitpose-b.pth ours.pth
    python tools/convert_checkpoint.py mae_pretrain_vit_huge.pth mae_huge.pth --to-grid 16 12
    python tools/convert_checkpoint.py work_dirs/mae_base_coco-crops-224/epoch_1600.pth mae_coco.pth
    python tools/convert_checkpoint.py vitpose+_base.pth mpii.pth --dataset mpii
    python tools/convert_checkpoint.py ours.pth model.safetensors --to hf
"""

from __future__ import annotations

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument('source', metavar='SRC', help='.pth or .safetensors file to read')
    parser.add_argument('destination', metavar='DST', help='.pth or .safetensors file to write')
    parser.add_argument(
        '--from',
        dest='origin',
        default='auto',
        choices=('auto', 'vitpose_mm', 'official', 'mmpose', 'mmpretrain', 'hf', 'mae', 'timm'),
        help='origin of SRC; auto sees it from the names (DINO is timm)',
    )
    parser.add_argument('--to', dest='target', default='vitpose_mm', choices=('vitpose_mm', 'mmpose', 'hf', 'official'))
    parser.add_argument(
        '--dataset',
        help='which expert and decoder of a model of several to keep (coco, aic, mpii, ...), for a plain model of one; '
        'without it all of them stay, for a model with a DatasetRouter',
    )
    parser.add_argument(
        '--expert',
        type=int,
        metavar='N',
        help="the dataset's expert, where expert_ids of the model is not the order of the released ones",
    )
    parser.add_argument(
        '--grid',
        nargs=2,
        type=int,
        metavar=('H', 'W'),
        help="tokens that SRC's position embedding was trained on; without it: as SRC says, else a square if it is "
        'one, else 4:3',
    )
    parser.add_argument(
        '--to-grid',
        nargs=2,
        type=int,
        metavar=('H', 'W'),
        help='resize the position embedding to these tokens (16 12 for crops of 192x256); without it it stays',
    )
    parser.add_argument('--patch-size', type=int, default=16, help='side of the patch kernel in DST, pixels')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Convert and print the report; return 1 where something needed is missing and nothing was written."""
    args = parse_args(argv)
    from vitpose_mm.checkpoints.writing import convert_file

    try:
        report = convert_file(
            args.source,
            args.destination,
            origin=args.origin,
            target=args.target,
            dataset=args.dataset,
            expert=args.expert,
            grid=tuple(args.grid) if args.grid else None,
            to_grid=tuple(args.to_grid) if args.to_grid else None,
            patch_size=args.patch_size,
        )
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print('\n'.join(report.lines()))
    if not report.complete:
        reason = 'lacks weights' if report.missing else 'has weights of unknown meaning'
        print(f'error: {args.source} {reason}; {args.destination} was not written.', file=sys.stderr)
        return 1
    print(f'written   {args.destination} ({args.target})')
    return 0


if __name__ == '__main__':
    sys.exit(main())
