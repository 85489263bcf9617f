"""Build a detector or a pose model from a config and all weights of a checkpoint."""

from __future__ import annotations

import warnings
from typing import Any

import mmdet.apis
import mmpose.apis
import torch
import torch.nn as nn
from mmcv.ops import get_compiling_cuda_version
from mmpose.utils import adapt_mmdet_pipeline

from .. import registry  # noqa: F401  makes every checkpoint load safely from here on
from ..checkpoints.keypoint_sets import is_keypoint_set
from ..checkpoints.strict_load import load_strictly
from ..checks.keypoints import out_channels
from ..utils.configs import open_config
from ..utils.counted import counted
from .dataset_selection import check_known, find_metainfo


def pick_device(name: str | None) -> str:
    """Device as asked for, or the first GPU where there is one, or the CPU.

    Raises:
        ValueError: a name that torch does not know, or a GPU that this machine does not have.
    """
    if name is None:
        return 'cuda:0' if torch.cuda.is_available() else 'cpu'
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"--device {name} is not a device: 'cpu', 'cuda' and 'cuda:1' are.") from error
    if device.type == 'cuda' and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f'--device {name}: torch sees {torch.cuda.device_count()} GPUs, use --device cpu.')
    return name


def build_detector(config: str, checkpoint: str, device: str = 'cpu') -> nn.Module:
    """Build a detector of mmdet in eval mode; on the CPU where mmcv has no CUDA ops for it.

    Raises:
        ValueError: the checkpoint cannot be read or does not fit.
    """
    if torch.device(device).type == 'cuda' and get_compiling_cuda_version() == 'not available':
        warnings.warn('The detector runs on the CPU: mmcv has no CUDA ops here.', stacklevel=2)
        device = 'cpu'
    with warnings.catch_warnings(record=True):  # it warns that there is no checkpoint yet, and of its palette
        model = mmdet.apis.init_detector(open_config(config), None, device=device)
    load_strictly(model, checkpoint, config)
    model.cfg = adapt_mmdet_pipeline(model.cfg)
    return model


def build_pose_model(
    config: str,
    checkpoint: str,
    device: str = 'cpu',
    *,
    output_heatmaps: bool = False,
    dataset: str | None = None,
) -> nn.Module:
    """Build a pose model of mmpose in eval mode, with the keypoint set as model.dataset_meta.

    The set is that of ``dataset`` (of a model of several), else the checkpoint's or, where it names none, that of
    the config's test dataset: mmpose would ask the training dataset, which may be several, and then take COCO.

    Raises:
        ValueError: the checkpoint cannot be read or does not fit, the config cannot test or has another
            keypoint set than the head, or the model does not know the dataset.
    """
    cfg = open_config(config)
    chosen = None if dataset is None else find_metainfo(cfg, dataset)
    if not cfg.get('test_dataloader'):
        raise ValueError(f'{config} has no test_dataloader, whose pipeline makes the crops: add one.')
    cfg.train_dataloader = cfg.test_dataloader
    cfg.model.test_cfg = {**cfg.model.get('test_cfg', {}), 'output_heatmaps': output_heatmaps}
    with warnings.catch_warnings():  # mmpose says that its own copy of a keypoint set is used
        warnings.filterwarnings('ignore', message='The metainfo config file')
        model = mmpose.apis.init_model(cfg, None, device=device)
    meta = load_strictly(model, checkpoint, config)
    if is_keypoint_set(meta.get('dataset_meta')):
        model.dataset_meta = meta['dataset_meta']
    if dataset is not None:
        check_known(model, dataset)
        model.dataset_meta = chosen
    _check_keypoints(model, config)
    return model


def _check_keypoints(model: Any, config: str) -> None:
    have = model.dataset_meta['num_keypoints']
    head = out_channels(model.cfg.model.head, model.dataset_meta['dataset_name'])
    if head is not None and head != have:
        raise ValueError(
            f'{config}: the head has {counted(head, "keypoint")} and the keypoint set '
            f'{model.dataset_meta["dataset_name"]} has {have}: give the test dataset its metainfo.'
        )
