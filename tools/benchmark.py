"""Measure models.

`attention`: the table of attention kinds. `crossover`: from how many tokens windows pay. `model`: speed next to others.
`distillation`: cost of the four settings. `router`: cost of a head for each of three datasets. `profile`: where the
time of a model goes. `backends`: ViTPose on a CPU. `memory`: what its training needs. `files`: reading a checkpoint,
and checking labels. `evaluation`: scoring. `pareto`: the paper's AP over the rates of `model`. `decode`, `crops`,
`inference`: from an image to keypoints next to MMPose. `pipeline`: from an image to a training sample. `precision`:
what bf16 and int8 do to the keypoints of a trained model. `video`: tracks, smoothing and memory on rendered people.
`serve`: the server with many clients, next to the predictor itself. `token`: how much a knowledge token can lower the
loss of a trained teacher.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from vitpose_mm.utils.arguments import add_config_options

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'


def parse_args() -> argparse.Namespace:
    """Parse the command line; nothing heavy is imported before this returns, so that -h is quick."""
    parser = argparse.ArgumentParser(description='Measure parameters, operations, memory and speed of models.')
    subjects = parser.add_subparsers(dest='subject', required=True)
    add_attention(subjects)
    add_crossover(subjects)
    add_model(subjects)
    add_costs(subjects)
    backends = subjects.add_parser(
        'backends', help='PyTorch, torch.compile, OpenVINO, onnxruntime, MMPose and rtmlib on a CPU'
    )
    backends.add_argument('--size', default='base', choices=['small', 'base', 'large', 'huge'])
    backends.add_argument('--rows', nargs='+', help="rows by name, as in 'torch bf16' (default: all that can run)")
    add_protocol(backends)
    add_inference(subjects)
    add_precision(subjects)
    files = subjects.add_parser('files', help='reading weights next to torch.load, and checking labels as many as COCO')
    files.add_argument('config', help='whose weights, as configs/coco/vitpose_large_coco-256x192.py')
    add_protocol(files)
    evaluation = subjects.add_parser('evaluation', help="COCO's AP of as many people as val2017's, by two packages")
    add_protocol(evaluation)
    memory = subjects.add_parser('memory', help='computed memory of a training step, on no device')
    memory.add_argument('config')
    memory.add_argument('--batch', type=int, default=64)
    memory.add_argument('--fp32', action='store_true', help='no autocast to bf16')
    memory.add_argument('--with-cp', action='store_true', help='recompute blocks in the backward pass')
    pareto = subjects.add_parser('pareto', help="the paper's AP over the rates that `model --out FOLDER` measured")
    pareto.add_argument('pages', nargs='+', metavar='PAGE', help='benchmark_model.json of a run, or several')
    pareto.add_argument('--out', type=Path, help='folder for the pages: Markdown, JSON, a drawing')
    add_token(subjects)
    add_video(subjects)
    add_serve(subjects)
    return parser.parse_args()


def add_costs(subjects: Any) -> None:
    """Add the subjects of what parts of a model or a training cost."""
    distillation = subjects.add_parser('distillation', help="a student's training step with and without its teacher")
    distillation.add_argument('config', help='of configs/distillation')
    distillation.add_argument('--training', default=None, help='fp32 or bf16 (default: bf16 on a GPU, fp32)')
    distillation.add_argument('--memory-batch', type=int, default=64, help='crops of the computed memory (default: 64)')
    add_protocol(distillation)
    router = subjects.add_parser('router', help='a training step with three routed heads next to one head')
    router.add_argument(
        '--models', nargs='+', default=['vitpose_base', 'vitpose_mini'], help='model bases by name (default: both)'
    )
    add_protocol(router)
    profile = subjects.add_parser('profile', help='the operators of one model, the slowest first')
    profile.add_argument('config')
    profile.add_argument('--setting', default=None, help='as in `model` (default: bf16 on a GPU, fp32)')
    profile.add_argument('--train', action='store_true', help='a training step instead of a forward pass')
    add_protocol(profile, rounds=False)


def add_inference(subjects: Any) -> None:
    """Add the subjects between an image and its keypoints, or its training samples; their batch is of people."""
    decode = subjects.add_parser('decode', help="heatmaps to keypoints, next to MMPose's UDPHeatmap")
    add_protocol(decode)
    crops = subjects.add_parser('crops', help="boxes in an image to crops, next to MMPose's test pipeline")
    add_protocol(crops)
    inference = subjects.add_parser('inference', help='people in one image, next to the two nets alone and to MMPose')
    inference.add_argument('--size', default='base', choices=['small', 'base', 'large', 'huge'])
    inference.add_argument('--detector', default='rtmdet-t', help='name of a detector (default: rtmdet-t)')
    inference.add_argument('--precision', default='auto', choices=['auto', 'fp32', 'bf16'], help='of our pose model')
    add_protocol(inference)
    pipeline = subjects.add_parser('pipeline', help="image files to training samples, next to MMPose's steps")
    pipeline.add_argument('config', help='whose first training dataset, which has to be there')
    add_protocol(pipeline)


def add_precision(subjects: Any) -> None:
    """Add the subject of number types."""
    precision = subjects.add_parser('precision', help='keypoints and metrics of a trained model in bf16 and int8')
    precision.add_argument('config')
    precision.add_argument('checkpoint')
    precision.add_argument('--rows', nargs='+', help="rows by name, as in 'torch bf16' (default: all that can run)")
    precision.add_argument('--batch', type=int, default=16, help='people a forward pass (default: 16)')
    precision.add_argument('--out', type=Path, help='folder for the pages: Markdown, JSON')


def add_token(subjects: Any) -> None:
    """Add the subject of the knowledge token."""
    token = subjects.add_parser('token', help='how much tuned tokens lower the loss of a trained teacher')
    token.add_argument('config', help="the teacher's, with training and validation people")
    token.add_argument('checkpoint', help="the teacher's weights")
    token.add_argument('--tokens', nargs='+', type=int, default=[1, 4, 16], help='numbers of tokens (default: 1 4 16)')
    token.add_argument('--steps', type=int, default=200, help='of each tuning (default: 200)')
    token.add_argument('--amp', action='store_true', help='tune in bf16')
    token.add_argument('--out', type=Path, help='folder for the pages: Markdown, JSON')
    add_config_options(token)


def add_video(subjects: Any) -> None:
    """Add the subject of videos."""
    video = subjects.add_parser('video', help='id switches and jitter on a rendered film, memory over a long video')
    video.add_argument('--frames', type=int, default=300, help='of the film (default: 300)')
    video.add_argument('--people', type=int, default=5, help='who walk at the same time (default: 5)')
    models = 'detector and pose model, each its config and checkpoint (default: stand-ins)'
    video.add_argument('--models', nargs=4, metavar='FILE', help=models)
    memory = 'frames of a video of noise, for the memory table (default: 0, no table)'
    video.add_argument('--long', type=int, default=0, metavar='FRAMES', help=memory)
    video.add_argument('--out', type=Path, help='folder for the pages: Markdown, JSON')


def add_serve(subjects: Any) -> None:
    """Add the subject of the server."""
    serve = subjects.add_parser('serve', help='images per second with 1, 8 and 50 clients, next to the predictor')
    serve.add_argument('--size', default='small', choices=['small', 'base', 'large', 'huge'], help='default: small')
    serve.add_argument('--detector', default='rtmdet-t', help='name of a detector (default: rtmdet-t)')
    serve.add_argument('--people', type=int, default=2, help='in each image (default: 2)')
    serve.add_argument('--images', type=int, default=50, help='of a measurement (default: 50)')
    serve.add_argument('--rounds', type=int, default=3, help='turns (default: 3)')
    serve.add_argument('--threads', type=int, help='of the CPU for each of both models (default: as torch chooses)')
    serve.add_argument('--out', type=Path, help='folder for the pages: Markdown, JSON')


def add_attention(subjects: Any) -> None:
    """Add the subject of the paper's table."""
    attention = subjects.add_parser('attention', help="the paper's table of attention kinds at 1/8 features")
    attention.add_argument('--rows', nargs='+', help='rows by name (default: all)')
    attention.add_argument('--training', default=None, help='setting of the step (default: bf16 on a GPU, fp32)')
    attention.add_argument('--forward', default=None, help='setting of the forward pass (default: likewise)')
    attention.add_argument('--memory-batch', type=int, default=64, help='crops of the computed memory (default: 64)')
    add_protocol(attention)


def add_crossover(subjects: Any) -> None:
    """Add the subject of the grid's size."""
    crossover = subjects.add_parser('crossover', help='kinds of attention next to full attention, by the size of crops')
    crossover.add_argument(
        '--rows',
        nargs='+',
        default=['full', 'window', 'shift-pool', 'quarters', 'shift-pool-16x12'],
        help='rows by name; the first is what the others are compared with',
    )
    crossover.add_argument(
        '--sizes',
        nargs='+',
        default=['192x256', '240x320', '288x384', '336x448', '384x512', '432x576'],
        help='width x height of the crops, pixels (default: 192x256 to 432x576)',
    )
    crossover.add_argument('--layers', type=int, default=6, help='of each backbone (default: 6)')
    crossover.add_argument('--training', default=None, help='setting of the step (default: bf16 on a GPU, fp32)')
    crossover.add_argument('--memory-batch', type=int, default=64, help='crops of the computed memory (default: 64)')
    add_protocol(crossover)


def add_model(subjects: Any) -> None:
    """Add the subject of whole models."""
    model = subjects.add_parser('model', help='crops per second, latency and training steps next to other models')
    model.add_argument(
        '--models', nargs='+', default=['*'], metavar='NAME', help="names, patterns such as 'ours-*' or config files"
    )
    model.add_argument(
        '--settings',
        nargs='+',
        help='number type (fp32 tf32 bf16 fp16) with any of +channels_last +compile +autotune; each model runs in its '
        'fastest (default: fp32 bf16 bf16+channels_last bf16+channels_last+compile on a GPU, fp32 on a CPU)',
    )
    model.add_argument(
        '--tasks',
        nargs='+',
        default=['speed', 'latency'],
        choices=['speed', 'latency', 'training'],
        help='default: speed latency; all models are in memory at once, so choose some of them for training',
    )
    model.add_argument('--matmul-side', type=int, help='matrices of the ceiling (default: 8192 on a GPU, 1024)')
    add_protocol(model)


def add_protocol(parser: argparse.ArgumentParser, *, rounds: bool = True) -> None:
    """Add what the timed subjects share; what is left out depends on the device."""
    parser.add_argument('--device', help='cuda or cpu (default: cuda if there is one)')
    parser.add_argument('--batch', type=int, help='default: 64 on a GPU, 2 on a CPU')
    parser.add_argument('--warmup', type=int, help='default: 100 on a GPU, 1 on a CPU')
    parser.add_argument('--iterations', type=int, help='default: 100 on a GPU, 5 on a CPU')
    if rounds:
        parser.add_argument('--rounds', type=int, default=5, help='turns that the iterations are spread over')
    else:
        parser.set_defaults(rounds=1)
    parser.add_argument('--threads', type=int, help='of the CPU; with 1, processor time is measured, not wall time')
    parser.add_argument('--out', type=Path, help='folder for the pages: Markdown, JSON, a drawing')


def say(text: str) -> None:
    """Print progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Run the benchmark; return 1 with one sentence where a name or a number is not valid."""
    args = parse_args()
    from vitpose_mm.utils.arguments import require_config, silence_known_warnings

    if 'config' in args:
        require_config(args)
    silence_known_warnings()
    from vitpose_mm.benchmarks import command

    try:
        print(command.run(args, CONFIGS, say))
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
