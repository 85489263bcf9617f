"""The datasets of a config that read annotation files: what each needs of its file, and where its images are."""

from __future__ import annotations

from typing import Any, NamedTuple

from mmpose.datasets.datasets import BaseCocoStyleDataset, CocoWholeBodyDataset, MpiiDataset

from ..datasets.person_crops import PersonCrops
from .annotations import Need
from .dataset_files import join_root
from .image_files import Folder
from .metainfo import dataset_class, parsed_metainfo
from .metrics import WHOLE_BODY


class Reader(NamedTuple):
    """A dataset that reads an annotation file.

    Attributes:
        cfg: Its config, in which the file can be exchanged.
        where: How the user reaches it, such as 'val_dataloader.dataset'.
        kind: Its class.
        need: What it needs of the file; None where the file is the list of MPII.
        num_keypoints: The number that its metainfo has; None where its samples do not take the file's keypoints as
            they are.
        metainfo: The parsed metainfo; {} where there is none.
    """

    cfg: dict
    where: str
    kind: type
    need: Need | None
    num_keypoints: int | None
    metainfo: dict

    @property
    def path(self) -> str:
        """Annotation file, as the dataset finds it."""
        return join_root(self.cfg.get('data_root') or '', self.cfg.get('ann_file') or '')

    @property
    def boxes(self) -> str | None:
        """File of detected boxes, or None for labelled boxes."""
        return self.cfg.get('bbox_file') or None

    def folder(self, max_missing: float) -> Folder:
        """Return where its images are; in training some may be missing."""
        prefix = (self.cfg.get('data_prefix') or {}).get('img') or ''
        allowed = 0.0 if self.cfg.get('test_mode') else max_missing
        return Folder(join_root(self.cfg.get('data_root') or '', prefix), f'{self.where}.data_prefix.img', allowed)


def find_reader(cfg: dict, *, where: str, scope: str) -> Reader | None:
    """Return how a dataset reads its file; None for classes with files of their own kinds."""
    kind: Any = dataset_class(cfg, scope=scope)
    if not isinstance(kind, type):
        return None
    if issubclass(kind, BaseCocoStyleDataset):
        return _pose_reader(cfg, where, kind, scope=scope)
    if issubclass(kind, PersonCrops):
        return Reader(cfg, where, kind, Need(people=False), None, {})
    if any(base.__name__ == 'CocoDataset' and base.__module__.startswith('mmdet.') for base in kind.__mro__):
        return Reader(cfg, where, kind, Need(people=False, area=True), None, {})
    return None


def _pose_reader(cfg: dict, where: str, kind: Any, *, scope: str) -> Reader | None:
    metainfo = parsed_metainfo(cfg, scope=scope)
    if kind._load_annotations is MpiiDataset._load_annotations:
        return Reader(cfg, where, kind, None, None, metainfo)
    if kind._load_annotations is not BaseCocoStyleDataset._load_annotations:
        return None
    plain = kind.parse_data_info is BaseCocoStyleDataset.parse_data_info
    whole = kind.parse_data_info is CocoWholeBodyDataset.parse_data_info
    need = Need(plain=plain or whole, other_parts=WHOLE_BODY if whole else {})
    return Reader(cfg, where, kind, need, metainfo.get('num_keypoints') if plain else None, metainfo)
