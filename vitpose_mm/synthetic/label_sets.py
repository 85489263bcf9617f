"""The label sets: which of the skeleton's points each dataset has, in its order."""

from __future__ import annotations

from .observe import Observation

COCO = (
    'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder',
    'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee',
    'right_knee', 'left_ankle', 'right_ankle',
)  # fmt: skip
AIC = (
    'right_shoulder', 'right_elbow', 'right_wrist', 'left_shoulder', 'left_elbow', 'left_wrist',
    'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle', 'head_top',
    'thorax',
)  # fmt: skip
CROWDPOSE = (
    'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist',
    'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle', 'head_top',
    'thorax',
)  # fmt: skip
MPII = (
    'right_ankle', 'right_knee', 'right_hip', 'left_hip', 'left_knee', 'left_ankle', 'pelvis',
    'thorax', 'upper_neck', 'head_top', 'right_wrist', 'right_elbow', 'right_shoulder',
    'left_shoulder', 'left_elbow', 'left_wrist',
)  # fmt: skip
COCO_LINKS = (
    'left_ankle left_knee', 'left_knee left_hip', 'right_ankle right_knee', 'right_knee right_hip',
    'left_hip right_hip', 'left_shoulder left_hip', 'right_shoulder right_hip',
    'left_shoulder right_shoulder', 'left_shoulder left_elbow', 'right_shoulder right_elbow',
    'left_elbow left_wrist', 'right_elbow right_wrist', 'left_eye right_eye', 'nose left_eye',
    'nose right_eye', 'left_eye left_ear', 'right_eye right_ear', 'left_ear left_shoulder',
    'right_ear right_shoulder',
)  # fmt: skip
SKELETONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    'coco': (COCO, COCO_LINKS),
    'aic': (AIC, ()),
    'crowdpose': (CROWDPOSE, ()),
}


def flat_keypoints(observation: Observation, names: tuple[str, ...]) -> list[float]:
    """Return [x, y, v, ...] of an observation in the order of the names, zeros where a point is unlabelled."""
    out: list[float] = []
    for name in names:
        x, y, v = observation.points.get(name, (0.0, 0.0, 0))
        out += [round(x, 2), round(y, 2), v]
    return out


def category(name: str) -> dict:
    """Return the COCO category record of a label set; the point called thorax here is the neck there."""
    names, links = SKELETONS[name]
    pairs = [[names.index(point) + 1 for point in link.split()] for link in links]
    shown = ['neck' if point == 'thorax' else point for point in names]
    return {'id': 1, 'name': 'person', 'supercategory': 'person', 'keypoints': shown, 'skeleton': pairs}
