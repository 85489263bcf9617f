"""Read an annotation file and the name of its keypoint set into checked labels."""

from __future__ import annotations

from pathlib import Path

from mmpose.datasets.datasets.utils import parse_pose_metainfo

from ..checks.annotations import Need
from ..checks.label_file import LabelFile, open_labels
from ..checks.label_people import AREA_OF_BOX, check_people
from ..checks.label_structure import check_structure
from ..checks.metainfo import check_metainfo
from ..utils.counted import counted
from .people import Labels, stack_people


def read_labels(path: str, keypoint_set: str = 'coco', *, area_of_box: bool = False) -> Labels:
    """Read the labels of an annotation file.

    Args:
        path: a json file in COCO's format.
        keypoint_set: a .py file with ``dataset_info``, or the name of one of MMPose's ('coco', 'crowdpose', 'aic').
        area_of_box: take 0.53 of each box for the area, as AI Challenger's and CrowdPose's protocols do.

    Raises:
        ValueError: a file is missing, malformed or has nobody in it, or the two are of different keypoints.
    """
    metainfo = read_keypoint_set(keypoint_set)
    file = open_labels(path, where='the labels')
    check_structure(file)
    people = check_people(file, Need(scored=True, area=not area_of_box))
    if not people.image_ids:
        raise file.fault(f'it has no person to compare with, only {people.unused or "an empty list"}; name another.')
    if people.num_keypoints != metainfo['num_keypoints']:
        raise file.fault(
            f'it has {counted(people.num_keypoints or 0, "keypoint")} per person and the keypoint set '
            f'{keypoint_set!r} has {metainfo["num_keypoints"]}: name its own with --keypoints, '
            'as docs/own_keypoints.md shows.'
        )
    _check_names(file, metainfo, keypoint_set)
    if area_of_box:
        for one in file.content['annotations']:
            one['area'] = AREA_OF_BOX * one['bbox'][2] * one['bbox'][3]
    found = stack_people(file.content['annotations'], metainfo['num_keypoints'])
    return Labels(file.content, metainfo, found, file.notes)


def read_keypoint_set(name: str) -> dict:
    """Read and parse a keypoint set, from a .py file or by the name of one of MMPose's.

    Raises:
        ValueError: there is no such file or name, or the set has no deviations.
    """
    file = name if name.endswith('.py') else f'configs/_base_/datasets/{name}.py'
    if name.endswith('.py') and not Path(file).is_file():
        raise ValueError(f'--keypoints {name} does not exist: name a .py file with dataset_info in it.')
    try:
        check_metainfo({'metainfo': {'from_file': file}}, where=f'--keypoints {name}')
        metainfo: dict = parse_pose_metainfo({'from_file': file})
    except (FileNotFoundError, AttributeError, KeyError) as error:
        raise ValueError(
            f'--keypoints {name} cannot be read ({error}): give a .py file with dataset_info, as '
            f"docs/own_keypoints.md shows, or the name of one of MMPose's sets, such as coco or crowdpose."
        ) from None
    if len(metainfo['sigmas']) != metainfo['num_keypoints']:
        raise ValueError(f'--keypoints {name}: it has no sigmas, which OKS needs; give one for each keypoint.')
    return metainfo


def _check_names(file: LabelFile, metainfo: dict, keypoint_set: str) -> None:
    expected = [metainfo['keypoint_id2name'][i] for i in range(metainfo['num_keypoints'])]
    for category in file.content['categories']:
        names = category.get('keypoints') or expected
        if _normalized(names) != _normalized(expected):
            file.note(
                f'its category {category["id"]} names other keypoints than the set {keypoint_set!r} '
                f'({", ".join(names[:4])}, .. and not {", ".join(expected[:4])}, ..); give its own set with '
                f'--keypoints if the order differs.'
            )


def _normalized(names: list[str]) -> list[str]:
    return [name.lower().replace(' ', '_') for name in names]
