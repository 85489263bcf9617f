from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from mmpose.datasets.datasets.body import MpiiDataset
from scipy.io import loadmat, savemat

from vitpose_mm.datasets.convert.mpii import convert_mpii
from vitpose_mm.synthetic.label_sets import MPII

EMPTY = np.zeros((0, 0))


def structs(items: list[dict]) -> np.ndarray:
    """Return a Matlab struct array of dicts with the same keys."""
    array = np.zeros((1, len(items)), dtype=[(key, object) for key in items[0]])
    for place, item in enumerate(items):
        array[0, place] = tuple(item.values())
    return array


def rectangle(shift: float, *, joints: list[int]) -> dict:
    """One annorect of a person with some joints; joint i is at (10 i, 5 i), all moved by ``shift``."""
    points = [
        {'x': 10.0 * i + shift, 'y': 5.0 * i + shift, 'id': i, 'is_visible': EMPTY if i > 7 else float(i % 2)}
        for i in joints
    ]
    head = {'x1': 1.0 + shift, 'y1': 2.0 + shift, 'x2': 31.0 + shift, 'y2': 42.0 + shift}
    centre = structs([{'x': 100.0 + shift, 'y': 200.0 + shift}])
    annotated = structs([{'point': structs(points)}]) if points else EMPTY
    return {**head, 'annopoints': annotated, 'scale': 1.5, 'objpos': centre}


def write_release(folder: Path) -> Path:
    """Write RELEASE with a crowd of two, a single person, one without joints, nobody, and a test image."""
    everybody = list(range(16))
    no_scale = {**rectangle(5, joints=everybody), 'scale': EMPTY}
    rectangles = [
        structs([rectangle(0, joints=everybody), rectangle(1, joints=[0, 9, 15])]),
        structs([rectangle(2, joints=[3])]),
        structs([rectangle(3, joints=[]), no_scale]),
        EMPTY,
        structs([{'scale': 1.0, 'objpos': structs([{'x': 1.0, 'y': 1.0}])}]),
    ]
    annolist = [
        {'image': structs([{'name': f'{10 + i:09d}.jpg'}]), 'annorect': found} for i, found in enumerate(rectangles)
    ]
    release = {'annolist': structs(annolist), 'img_train': np.array([[1, 1, 1, 1, 0]]), 'version': '12'}
    file = folder / 'mpii_human_pose_v1_u12_1.mat'
    savemat(file, {'RELEASE': release})
    return file


def test_the_host_reads_what_was_converted(tmp_path: Path) -> None:
    (tmp_path / 'val.txt').write_text('000000010.jpg\n')
    counts = convert_mpii(write_release(tmp_path), tmp_path / 'out', val_images=tmp_path / 'val.txt')
    assert counts == {'trainval': 3, 'train': 1, 'val': 2}
    dataset = MpiiDataset(
        str(tmp_path / 'out/mpii_val.json'),
        headbox_file=str(tmp_path / 'out/mpii_gt_val.mat'),
        data_prefix={'img': 'images/'},
        test_mode=True,
    )
    first, second = dataset[0], dataset[1]
    assert (first['img_path'], first['img_id']) == ('images/000000010.jpg', 10)
    np.testing.assert_array_equal(first['keypoints'][0], [[10 * i, 5 * i] for i in range(16)])
    np.testing.assert_array_equal(first['keypoints_visible'], [[1] * 16])  # hidden ones and the head are labelled too
    assert np.flatnonzero(second['keypoints_visible']).tolist() == [0, 9, 15]
    np.testing.assert_array_equal(second['keypoints'][0, 9], [91, 46])
    assert first['head_size'] == pytest.approx(0.6 * 50)  # a box of 30 x 40
    np.testing.assert_allclose(first['bbox_center'], [[99, 199 + 15 * 1.5]])  # from 0, and down by 15 of 200
    np.testing.assert_allclose(first['bbox_scale'], [[300, 300]])
    (train,) = json.loads((tmp_path / 'out/mpii_train.json').read_text())
    assert train['image'] == '000000011.jpg' and train['joints'][3] == [32, 17] and train['joints'][0] == [-1, -1]
    truth = loadmat(tmp_path / 'out/mpii_gt_val.mat')
    assert truth['jnt_missing'].shape == (16, 2) and truth['jnt_missing'].sum() == 13


def test_without_a_list_of_validation_images(tmp_path: Path) -> None:
    assert convert_mpii(write_release(tmp_path), tmp_path / 'out') == {'trainval': 3}
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['mpii_gt_trainval.mat', 'mpii_trainval.json']


def test_the_order_is_mmposes() -> None:
    assert list(MpiiDataset._load_metainfo()['keypoint_id2name'].values()) == list(MPII)


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / 'a.mat'
    with pytest.raises(ValueError, match=r'a\.mat does not exist: give the path of mpii_human_pose'):
        convert_mpii(file, tmp_path / 'out')
    file.write_bytes(b'not a mat file, whatever its name says' * 10)
    with pytest.raises(ValueError, match=r'a\.mat is not the release of MPII'):
        convert_mpii(file, tmp_path / 'out')
    savemat(file, {'headboxes_src': np.zeros((2, 2, 3))})
    with pytest.raises(ValueError, match=r'is not the release of MPII .*: it has no RELEASE\.annolist'):
        convert_mpii(file, tmp_path / 'out')
    nobody = structs([{'image': structs([{'name': 'a.jpg'}]), 'annorect': EMPTY}])
    savemat(file, {'RELEASE': {'annolist': nobody, 'img_train': np.array([[1]])}})
    with pytest.raises(ValueError, match='no labelled person'):
        convert_mpii(file, tmp_path / 'out')
    wrong = structs([{'image': structs([{'name': 'a.jpg'}]), 'annorect': structs([rectangle(0, joints=[2, 16])])}])
    savemat(file, {'RELEASE': {'annolist': wrong, 'img_train': np.array([[1]])}})
    with pytest.raises(ValueError, match=r'image a\.jpg: joint 16 is not one of 0 to 15'):
        convert_mpii(file, tmp_path / 'out')
    (tmp_path / 'val.txt').write_text('other.jpg')
    with pytest.raises(ValueError, match=r'other\.jpg is not a training image'):
        convert_mpii(write_release(tmp_path), tmp_path / 'out', val_images=tmp_path / 'val.txt')
    assert not (tmp_path / 'out').exists()


def test_the_tool(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    tool = runpy.run_path(str(root / 'tools/convert_dataset.py'))
    source = write_release(tmp_path)
    assert tool['main'](['mpii', str(source), str(tmp_path / 'out')]) == 0
    assert capsys.readouterr().out.startswith('trainval: 3; written to')
    assert tool['main'](['aic', str(source), str(tmp_path / 'out.json')]) == 1
    assert capsys.readouterr().err.startswith('error: annotation file of AI Challenger')


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'x1': 40.0}, r'the head box \[40\.0, 2\.0, 31\.0, 42\.0\] has its right or lower edge first'),
        ({'y2': np.nan}, 'scale, centre and head box have nan, which is not a finite number'),
        ({'scale': np.inf}, 'scale, centre and head box have inf'),
        ({'annopoints': structs([{'point': structs([{'x': np.nan, 'y': 1.0, 'id': 3}])}])}, 'joints have nan'),
        (
            {'annopoints': structs([{'point': structs([{'x': 1.0, 'y': 1.0, 'id': -1}])}])},
            'joint -1 is not one of 0 to 15',
        ),
        ({'annopoints': structs([{'point': structs([{'x': 1.0, 'y': 1.0, 'id': 'a'}])}])}, 'joint a is not one of'),
    ],
)
def test_numbers_that_are_not_finite_and_inverted_boxes(change: dict, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / 'a.mat'
    image = {'image': structs([{'name': '7.jpg'}]), 'annorect': structs([{**rectangle(0, joints=[3]), **change}])}
    savemat(file, {'RELEASE': {'annolist': structs([image]), 'img_train': np.array([[1]])}})
    with pytest.raises(ValueError, match=rf'image 7\.jpg: {sentence}'):
        convert_mpii(file, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    source = write_release(tmp_path).rename(tmp_path / 'mpii_gt_trainval.mat')
    before = source.read_bytes()
    with pytest.raises(ValueError, match='is the source, which would be overwritten'):
        convert_mpii(source, tmp_path)
    assert source.read_bytes() == before and not (tmp_path / 'mpii_trainval.json').exists()


def test_all_files_are_written_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'val.txt').write_text('000000010.jpg\n')
    source = write_release(tmp_path)

    def fail(path: Path, *args: object, **settings: object) -> None:
        if 'val' in path.name and 'trainval' not in path.name:
            raise OSError('disk full')
        path.write_bytes(b'')

    monkeypatch.setattr('vitpose_mm.datasets.convert.mpii.write_mpii_truth', fail)
    with pytest.raises(OSError, match='disk full'):
        convert_mpii(source, tmp_path / 'out', val_images=tmp_path / 'val.txt')
    assert list((tmp_path / 'out').iterdir()) == []
