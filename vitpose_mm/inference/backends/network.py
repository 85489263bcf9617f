"""A pose model as the network that other runtimes take, and crops as it takes them."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from ...export.models import HeatmapModel, choose_dataset


def network_of(model: Any) -> HeatmapModel:
    """Return a copy of a pose model that maps (N, 3, h, w) normalised crops to heatmaps, on the CPU."""
    network = copy.deepcopy(model).cpu()
    network.dataset_meta = model.dataset_meta
    choose_dataset(network)
    return HeatmapModel(network).eval()


def example_of(model: Any) -> Tensor:
    """Return two crops of a pose model's input size, from which a network for any number of them is traced."""
    width, height = model.head.decoder.input_size
    return torch.zeros(2, 3, height, width)


class Normalize:
    """Maps (N, 3, h, w) uint8 crops in BGR order to float32, as the model's data_preprocessor says."""

    def __init__(self, model: Any) -> None:
        self.preprocess = copy.deepcopy(model.data_preprocessor).cpu()

    def __call__(self, crops: Tensor) -> Tensor:
        inputs: Tensor = self.preprocess({'inputs': crops, 'data_samples': []})['inputs']
        return inputs.float()  # where a model normalises nothing
