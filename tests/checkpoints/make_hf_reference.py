"""Write hf_reference.safetensors: heatmaps that Hugging Face's VitPose makes of seeded weights and images.

transformers must not be in the environment of the tests (it breaks mmpretrain), so this runs in one of its
own: ``pip install torch transformers safetensors`` and ``python tests/checkpoints/make_hf_reference.py``.
The weights themselves are not stored: both sides draw them by name and shape with :func:`draw`, whose
generator gives the same numbers everywhere. Made with transformers 5.23.0 and torch 2.11.0.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name('hf_reference.safetensors')
SIZES = {'hidden_size': 48, 'num_hidden_layers': 3, 'num_attention_heads': 3, 'mlp_ratio': 2}
IMAGE = (64, 48)  # height, width: a grid of 4 x 3 tokens
NUM_EXPERTS, PART_FEATURES, NUM_KEYPOINTS = 6, 12, 17


def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Draw numbers that are about as large as a trained network's, the same wherever it runs."""
    noise = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    if name.endswith(('running_var', 'norm.weight', 'layernorm_before.weight', 'layernorm_after.weight')):
        return (1 + 0.2 * np.abs(noise)).astype(np.float32)
    if 'batchnorm' in name and name.endswith('weight'):
        return (1 + 0.2 * noise).astype(np.float32)
    fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 25
    return (noise / np.sqrt(fan_in)).astype(np.float32)


def images() -> np.ndarray:
    """Return (2, 3, h, w) normalised images."""
    return draw('images', (2, 3, *IMAGE)) * np.float32(np.sqrt(3 * IMAGE[0] * IMAGE[1]))


def main() -> None:
    """Build each model, fill it, run it, and write heatmaps, names and shapes."""
    import torch
    from safetensors.torch import save_file
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation

    heatmaps, shapes = {}, {}
    for kind, experts in (('classic', 1), ('simple', 1), ('moe', NUM_EXPERTS)):
        backbone = VitPoseBackboneConfig(
            image_size=list(IMAGE),
            patch_size=[16, 16],
            num_experts=experts,
            part_features=PART_FEATURES,
            out_features=[f'stage{SIZES["num_hidden_layers"]}'],
            **SIZES,
        )
        model = VitPoseForPoseEstimation(
            VitPoseConfig(backbone_config=backbone, num_labels=NUM_KEYPOINTS, use_simple_decoder=kind != 'classic')
        ).eval()
        state = model.state_dict()
        floats = {name: tuple(value.shape) for name, value in state.items() if value.is_floating_point()}
        model.load_state_dict(
            {name: torch.from_numpy(draw(name, shape)) for name, shape in floats.items()}, strict=False
        )
        shapes[kind] = floats
        x = torch.from_numpy(images())
        for index in range(experts):
            with torch.no_grad():
                out = model(x, dataset_index=torch.full((len(x),), index) if experts > 1 else None)
            heatmaps[f'{kind}.{index}'] = out.heatmaps.contiguous()
    save_file(heatmaps, FILE, metadata={'shapes': json.dumps(shapes)})
    print(f'{FILE}: {FILE.stat().st_size / 1e3:.0f} kB, {", ".join(heatmaps)}')
    for name, value in heatmaps.items():
        print(f'{name:<10} mean {value.mean():.4f} std {value.std():.4f}')


if __name__ == '__main__':
    main()
