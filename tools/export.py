"""Write a trained model as a file that runs without this package: ONNX, a torch.export program, or OpenVINO.

Examples:
    python tools/export.py CONFIG CHECKPOINT vitpose.onnx
    python tools/export.py CONFIG CHECKPOINT vitpose.onnx --output keypoints
    python tools/export.py CONFIG CHECKPOINT vitpose_plus_aic.onnx --dataset aic --precision fp16
    python tools/export.py CONFIG CHECKPOINT vitpose.xml --precision int8 --images people/
    python tools/export.py DETECTOR_CONFIG DETECTOR_CHECKPOINT rtmdet.onnx

The file has the input `input`, (N, 3, H, W) float32 crops for any N, normalised by the mean and std in its metadata,
and the output `output`: (N, K, h, w) heatmaps, or (N, K, 3) keypoints as x, y in pixels of the crop and score. A
detector has the outputs `boxes` (N, A, 4) and `scores` (N, A, C), without non-maximum suppression.

It takes about a minute of one core, and 2 GB of memory for ViT-B, 6 to 9 GB for ViT-L and ViT-H.
"""

from __future__ import annotations

import argparse
import sys

from vitpose_mm.utils.arguments import require_config, silence_known_warnings


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument('config', metavar='CONFIG', help='of a pose model or of an RTMDet')
    parser.add_argument('checkpoint', metavar='CHECKPOINT', help='its weights: a file or an address')
    parser.add_argument('out', metavar='OUT', help='file to write: .onnx, .pt2 (torch.export) or .xml (OpenVINO)')
    parser.add_argument(
        '--output', choices=['heatmaps', 'keypoints'], default='heatmaps', help='of a pose model (default: heatmaps)'
    )
    parser.add_argument(
        '--precision',
        choices=['fp32', 'fp16', 'int8'],
        default='fp32',
        help='inside the file; its inputs and outputs are fp32 (default: fp32)',
    )
    parser.add_argument('--dataset', metavar='NAME', help='of a model of several: whose keypoints (coco, ...)')
    parser.add_argument(
        '--input-order',
        choices=['rgb', 'bgr'],
        help="channels of the crops; bgr: for tools that normalise OpenCV's frames by the mean and std of RGB, as "
        "rtmlib does (default: the model's own, which is rgb for all configs here)",
    )
    parser.add_argument(
        '--images',
        metavar='FOLDER',
        help='images with one person each: the file is compared with the model on them, and int8 for .xml is '
        'calibrated (default: compared on noise)',
    )
    parser.add_argument('--opset', type=int, default=18, help='of ONNX (default: 18)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Export, and print what was written and how far it is from the model."""
    args = parse_args(argv)
    require_config(args)
    silence_known_warnings()
    from vitpose_mm.export.command import ExportOptions, export

    try:
        exported = export(ExportOptions(**vars(args)))
    except (ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(f'written: {exported.file} ({exported.file.stat().st_size / 1e6:.1f} MB)')
    if exported.difference is not None:
        print(exported.difference)
    return 0


if __name__ == '__main__':
    sys.exit(main())
