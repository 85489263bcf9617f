"""APT-36K: animals in videos, with the skeleton of AP-10K."""

from __future__ import annotations

from mmpose.datasets.datasets import BaseCocoStyleDataset

from ..registry import DATASETS

_PARTS = {
    'L_Eye': 0.025, 'R_Eye': 0.025, 'Nose': 0.026, 'Neck': 0.035, 'Root of tail': 0.035,
    'L_Shoulder': 0.079, 'L_Elbow': 0.072, 'L_F_Paw': 0.062, 'R_Shoulder': 0.079, 'R_Elbow': 0.072, 'R_F_Paw': 0.062,
    'L_Hip': 0.107, 'L_Knee': 0.087, 'L_B_Paw': 0.089, 'R_Hip': 0.107, 'R_Knee': 0.087, 'R_B_Paw': 0.089,
}  # fmt: skip
_LINKS = (
    ('L_Eye', 'R_Eye'), ('L_Eye', 'Nose'), ('R_Eye', 'Nose'), ('Nose', 'Neck'), ('Neck', 'Root of tail'),
    ('Neck', 'L_Shoulder'), ('L_Shoulder', 'L_Elbow'), ('L_Elbow', 'L_F_Paw'),
    ('Neck', 'R_Shoulder'), ('R_Shoulder', 'R_Elbow'), ('R_Elbow', 'R_F_Paw'),
    ('Root of tail', 'L_Hip'), ('L_Hip', 'L_Knee'), ('L_Knee', 'L_B_Paw'),
    ('Root of tail', 'R_Hip'), ('R_Hip', 'R_Knee'), ('R_Knee', 'R_B_Paw'),
)  # fmt: skip
_GREEN, _ORANGE, _BLUE = [0, 255, 0], [255, 128, 0], [51, 153, 255]
# as in mmpose's AP-10K, oddities included: COCO's weights by position, and the right front paw in the lower body
_WEIGHTS = [1.0] * 7 + [1.2] * 2 + [1.5] * 2 + [1.0] * 2 + [1.2] * 2 + [1.5] * 2
_LOWER = ('tail', 'Hip', 'Knee', 'B_Paw', 'R_F_Paw')


def _keypoint(number: int, name: str) -> dict:
    swap = {'L': 'R', 'R': 'L'}.get(name[0], '') if name[1] == '_' else ''
    return {
        'name': name,
        'id': number,
        'color': (_GREEN if name[0] == 'L' else _ORANGE) if swap else _BLUE,
        'type': 'lower' if name.endswith(_LOWER) else 'upper',
        'swap': swap and swap + name[1:],
    }


@DATASETS.register_module()
class APT36KDataset(BaseCocoStyleDataset):
    """APT-36K in COCO's format: animals with AP-10K's 17 keypoints and a dataset name of their own.

    The keypoint set is written out here: named by a path, MMPose would look for it in the working directory first.
    In numbers it is mmpose's AP-10K.

    Source: APT-36K (Yang et al., NeurIPS 2022); skeleton, weights and deviations of AP-10K (Yu et al., 2021).
    """

    METAINFO: dict = {
        'dataset_name': 'apt36k',
        'paper_info': {'title': 'APT-36K: A Large-scale Benchmark for Animal Pose Estimation and Tracking'},
        'keypoint_info': {number: _keypoint(number, name) for number, name in enumerate(_PARTS)},
        'skeleton_info': {number: {'link': link, 'id': number, 'color': _BLUE} for number, link in enumerate(_LINKS)},
        'joint_weights': _WEIGHTS,
        'sigmas': list(_PARTS.values()),
    }
