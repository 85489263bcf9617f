"""Names of body parts, and where a keypoint can be seen: on which parts, and how deep below the surface it lies."""

from __future__ import annotations

from .skeleton import SIDES

PART_NAMES = (
    'thing', 'head', 'hair', 'nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'neck',
    'torso', 'pelvis', 'skirt',
    *(f'{side}_{part}' for side in SIDES for part in ('upper_arm', 'forearm', 'hand', 'thigh', 'shank', 'foot')),
)  # fmt: skip
PART_ID = {name: i for i, name in enumerate(PART_NAMES)}


def _limb_surfaces() -> dict[str, tuple[tuple[str, ...], float]]:
    table: dict[str, tuple[tuple[str, ...], float]] = {}
    for s in SIDES:
        table[f'{s}_eye'] = ((f'{s}_eye',), 0.02)
        table[f'{s}_ear'] = ((f'{s}_ear',), 0.035)
        table[f'{s}_shoulder'] = (('torso', f'{s}_upper_arm'), 0.10)
        table[f'{s}_elbow'] = ((f'{s}_upper_arm', f'{s}_forearm'), 0.09)
        table[f'{s}_wrist'] = ((f'{s}_forearm', f'{s}_hand'), 0.07)
        table[f'{s}_hip'] = (('torso', 'pelvis', f'{s}_thigh', 'skirt'), 0.17)
        table[f'{s}_knee'] = ((f'{s}_thigh', f'{s}_shank', 'skirt'), 0.12)
        table[f'{s}_ankle'] = ((f'{s}_shank', f'{s}_foot', 'skirt'), 0.10)
    return table


# keypoint: (parts on which it shows, greatest depth below the drawn surface in metres for a 1.72 m person)
SURFACES: dict[str, tuple[tuple[str, ...], float]] = {
    **_limb_surfaces(),
    'nose': (('nose', 'head'), 0.025),
    'head_top': (('head', 'hair'), 0.15),
    'upper_neck': (('neck', 'head', 'torso', 'hair'), 0.16),
    'thorax': (('neck', 'torso', 'hair'), 0.15),
    'pelvis': (('torso', 'pelvis', 'left_thigh', 'right_thigh', 'skirt'), 0.21),
}
