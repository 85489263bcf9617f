"""Names, aliases and the default of the datasets that a model knows."""

from __future__ import annotations

import pytest
from mmpose.structures import PoseDataSample

from vitpose_mm.models.dataset_names import DatasetNames


def test_samples_to_known_names() -> None:
    names = DatasetNames(['coco', 'aic'], {'ochuman': 'coco'})
    samples = [PoseDataSample(metainfo={'dataset_name': name}) for name in ('aic', 'ochuman', 'coco')]
    assert names.of_samples(samples) == ['aic', 'coco', 'coco']
    assert names.default == 'coco' and DatasetNames(['coco', 'aic'], default='aic').default == 'aic'
    assert 'ochuman' in names and 'mpii' not in names


def test_the_error_lists_the_known_ones() -> None:
    names = DatasetNames(['coco', 'aic'], {'ochuman': 'coco'})
    with pytest.raises(ValueError, match=r"'dogs': known are \['aic', 'coco'\] \(and the aliases \['ochuman'\]"):
        names.of_samples([PoseDataSample(metainfo={'dataset_name': 'dogs'})])
    with pytest.raises(ValueError, match='does not know the dataset None'):
        names.of_samples([PoseDataSample()])


def test_wrong_defaults_and_aliases() -> None:
    with pytest.raises(ValueError, match="default='mpii' is not known"):
        DatasetNames(['coco'], default='mpii')
    with pytest.raises(ValueError, match="alias 'ochuman' of 'mpii'"):
        DatasetNames(['coco'], {'ochuman': 'mpii'})
    with pytest.raises(ValueError, match="alias 'coco' of 'aic'"):
        DatasetNames(['coco', 'aic'], {'coco': 'aic'})
    with pytest.raises(ValueError, match='knows no dataset'):
        DatasetNames([])
