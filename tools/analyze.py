r"""See where predictions on a COCO-style set go wrong: kinds of errors and what each costs, in one HTML file.

Examples:
    python tools/analyze.py predictions.keypoints.json data/coco/annotations/person_keypoints_val2017.json \
        --images data/coco/val2017
    python tools/analyze.py predictions.keypoints.json lynx/val.json --keypoints lynx_keypoints.py
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vitpose_mm.utils.arguments import silence_known_warnings


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument(
        'predictions',
        help='COCO results (.json), as tools/test.py writes them with --cfg-options '
        'test_evaluator.outfile_prefix=NAME, or what it wrote with --dump (.pkl), where that is small',
    )
    parser.add_argument('annotations', help="labels in COCO's format (.json)")
    parser.add_argument('--images', type=Path, metavar='DIR', help='folder of the images, to draw the worst cases')
    parser.add_argument(
        '--keypoints',
        default='coco',
        metavar='SET',
        help="a .py file with dataset_info, or the name of one of MMPose's sets: crowdpose, aic, .. (default: coco)",
    )
    parser.add_argument(
        '--area-of-box', action='store_true', help='take 0.53 of the box as area, as for AI Challenger and CrowdPose'
    )
    parser.add_argument('--out', type=Path, default=Path('analysis.html'), help='report (default: analysis.html)')
    parser.add_argument('--worst', type=int, default=6, help='pictures of each kind of error (default: 6)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Write the report and print its most important figures; 1 where a file cannot be used."""
    args = parse_args(argv)
    silence_known_warnings()
    from vitpose_mm.analysis import analyze, read_labels, read_predictions, write_report
    from vitpose_mm.utils.files import refuse_source

    try:
        refuse_source(Path(args.predictions), args.out)
        refuse_source(Path(args.annotations), args.out)
        for file in (args.predictions, args.annotations):
            if not Path(file).is_file():
                raise ValueError(f'there is no file {file}: give predictions, then the labels to compare them with.')
        if args.images is not None and not args.images.is_dir():
            raise ValueError(f'--images {args.images} is not a folder: give the one that the images are in.')
        labels = read_labels(args.annotations, args.keypoints, area_of_box=args.area_of_box)
        analysis = analyze(labels, read_predictions(args.predictions, labels))
        title = f'{Path(args.predictions).name} on {Path(args.annotations).name}'
        notes = write_report(analysis, args.out, title=title, images=args.images, number=args.worst)
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    for note in [*labels.notes, *notes[:3]]:
        print(note, file=sys.stderr)
    print(f'AP {analysis.matches.ap:.4f}; when all of one kind are fixed:')
    for kind, ap in analysis.fixed.items():
        print(f'  {kind:<16} {ap:.4f}  {ap - analysis.matches.ap:+.4f}')
    print(f'written {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
