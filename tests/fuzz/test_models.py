"""Windows, position embeddings, and the router, on sizes and batches that nobody chose."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from vitpose_mm.models import DatasetRouter
from vitpose_mm.models.layers.windows import (
    count_windows,
    pool_windows,
    shift_size,
    window_mask,
    window_partition,
    window_unpartition,
)
from vitpose_mm.utils.position_grid import find_grid, guess_grid, resize_position

Size = tuple[int, int]
SIDES = st.integers(1, 12)
SIZES = st.tuples(SIDES, SIDES)
KEYPOINTS = {'coco': 5, 'aic': 3, 'mpii': 4}
CODEC = {'type': 'UDPHeatmap', 'input_size': (48, 64), 'heatmap_size': (12, 16), 'sigma': 2}


@given(grid=SIZES, window=SIZES, images=st.integers(1, 3), shifted=st.booleans())
def test_windows_hold_every_token_once(grid: Size, window: Size, images: int, shifted: bool) -> None:
    shift = shift_size(grid, window) if shifted else (0, 0)
    x = torch.arange(1.0, 1 + images * grid[0] * grid[1] * 2).reshape(images, *grid, 2)
    windows = window_partition(x, window, shift)
    rows, columns = count_windows(grid, window)
    assert windows.shape == (images * rows * columns, window[0] * window[1], 2)
    assert torch.equal(windows[windows > 0].sort().values, x.flatten())
    assert torch.equal(window_unpartition(windows, grid, window, shift), x)


@given(grid=SIZES, window=SIZES, shifted=st.booleans())
def test_tokens_see_their_neighbours_alone(grid: Size, window: Size, shifted: bool) -> None:
    shift = shift_size(grid, window) if shifted else (0, 0)
    mask = window_mask(grid, window, shift)
    rows, columns = torch.meshgrid(*(torch.arange(1, side + 1) for side in grid), indexing='ij')
    at = window_partition(torch.stack([rows, columns], -1)[None], window, shift)  # (n, N, 2); padding has 0
    real = at[..., 0] > 0
    both = real[:, :, None] & real[:, None]
    close = ((at[:, :, None] - at[:, None]).abs() < torch.tensor(window)).all(-1)
    assert not (mask & both & ~close).any()  # not across the wrap of a shift
    assert not (mask & (real[:, :, None] != real[:, None])).any()  # never the padding
    assert mask.diagonal(dim1=1, dim2=2).all()


@given(grid=SIZES, window=SIZES)
def test_a_pooled_window_is_the_mean_of_its_tokens(grid: Size, window: Size) -> None:
    x = torch.randn(1, *grid, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    real = window_partition(torch.ones(1, *grid, 1, dtype=torch.float64), window)
    expected = window_partition(x, window).sum(1) / real.sum(1)
    torch.testing.assert_close(pool_windows(x, window)[0], expected)


@given(source=SIZES, target=SIZES, half=st.booleans())
def test_positions_are_resized_and_constants_stay(source: Size, target: Size, half: bool) -> None:
    dtype = torch.float16 if half else torch.float32
    constant = torch.full((1, 1 + source[0] * source[1], 3), 0.5, dtype=dtype)
    resized = resize_position(constant, source, target)
    assert resized.shape == (1, 1 + target[0] * target[1], 3) and resized.dtype == dtype
    torch.testing.assert_close(resized, torch.full_like(resized, 0.5))
    other = torch.randn_like(constant, dtype=torch.float32)
    assert torch.equal(resize_position(other, source, source), other)
    turned = resize_position(turn(other, source), source[::-1], target[::-1])
    torch.testing.assert_close(turn(turned, target[::-1]), resize_position(other, source, target), atol=1e-5, rtol=0)


def turn(positions: torch.Tensor, grid: Size) -> torch.Tensor:
    """Turn (1, 1 + H * W, C) of grid (H, W) to grid (W, H)."""
    return torch.cat([positions[:, :1], positions[:, 1:].unflatten(1, grid).transpose(1, 2).flatten(1, 2)], 1)


@given(tokens=st.integers(1, 2000), own=SIZES)
def test_a_grid_has_as_many_tokens_as_the_file_or_is_refused(tokens: int, own: Size) -> None:
    try:
        rows, columns = find_grid(torch.zeros(1, 1 + tokens, 1), own)
    except ValueError as error:
        assert str(tokens) in str(error) and own[0] * own[1] != tokens
        with pytest.raises(ValueError, match='neither a square nor'):
            guess_grid(tokens)
    else:
        assert rows * columns == tokens


@pytest.fixture(scope='module')
def router() -> DatasetRouter:
    """Heads of three datasets, with other random weights than at the start, which are nearly 0."""
    made = DatasetRouter(
        {name: {'out_channels': count} for name, count in KEYPOINTS.items()},
        shared={'type': 'vitpose_mm.SimpleHead', 'in_channels': 4, 'decoder': CODEC},
        aliases={'ochuman': 'coco'},
    ).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


@given(names=st.lists(st.sampled_from([*KEYPOINTS, 'ochuman']), min_size=1, max_size=9))
def test_any_batch_gives_each_sample_what_it_gets_alone(names: list[str], router: DatasetRouter) -> None:
    generator = torch.Generator().manual_seed(len(names))
    x = torch.randn(len(names), 4, 4, 3, generator=generator)
    samples = [sample_of(name) for name in names]
    with torch.no_grad():
        together = router.heatmaps((x,), samples)
        alone = [router.heatmaps((x[i : i + 1],), samples[i : i + 1])[0] for i in range(len(names))]
        losses = router.loss((x,), samples)
        mean = sum(total(router.loss((x[i : i + 1],), samples[i : i + 1])) for i in range(len(names))) / len(names)
    for name, one, other in zip(names, together, alone, strict=True):
        assert one.shape == (KEYPOINTS['coco' if name == 'ochuman' else name], 16, 12)
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(total(losses), mean)
    assert {key.partition('.')[0] for key in losses} == set(KEYPOINTS)
    assert len(router.decode_each(together, samples)) == len(names)


def sample_of(name: str) -> PoseDataSample:
    """A person of that dataset, with random heatmaps."""
    count = KEYPOINTS['coco' if name == 'ochuman' else name]
    sample = PoseDataSample(metainfo={'dataset_name': name, 'flip_indices': list(range(count))})
    sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, count))
    sample.gt_fields = PixelData(heatmaps=torch.rand(count, 16, 12, generator=torch.Generator().manual_seed(count)))
    return sample


def total(losses: dict[str, torch.Tensor]) -> torch.Tensor:
    """What MMEngine adds up."""
    return torch.stack([value for key, value in losses.items() if 'loss' in key]).sum()
