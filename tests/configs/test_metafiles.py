"""The model index: every config has an entry, every figure says whose it is, mim's and MMPose's readers take it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from mmengine.infer import BaseInferencer
from modelindex.load_model_index import load

ROOT = Path(__file__).resolve().parents[2]
METAFILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob('configs/*/metafile.yml'))


def read(metafile: str) -> dict:
    return yaml.safe_load((ROOT / metafile).read_text())


ENTRIES = [entry for metafile in METAFILES for entry in read(metafile)['Models']]
every_entry = pytest.mark.parametrize('entry', ENTRIES, ids=lambda entry: entry['Name'])


def test_the_index_names_every_metafile() -> None:
    assert sorted(read('model-index.yml')['Import']) == METAFILES


def test_every_config_has_one_entry() -> None:
    folders = [ROOT / metafile for metafile in METAFILES]
    leaves = [leaf.relative_to(ROOT).as_posix() for metafile in folders for leaf in metafile.parent.glob('*.py')]
    assert sorted(entry['Config'] for entry in ENTRIES) == sorted(leaves)


@every_entry
def test_an_entry_is_found_by_the_name_of_its_config(entry: dict) -> None:
    assert entry['Name'] == Path(entry['Config']).stem


@every_entry
def test_an_entry_is_complete_and_honest(entry: dict) -> None:
    """mmengine reads `Weights` of every entry; a figure has to say whose it is."""
    assert 'Weights' in entry
    assert ('Results' in entry) == ('Results From' in entry['Metadata'])
    for result in entry.get('Results', ()):
        assert set(result) == {'Task', 'Dataset', 'Metrics'}


def test_collections_are_declared() -> None:
    for metafile in METAFILES:
        content = read(metafile)
        declared = {collection['Name'] for collection in content['Collections']}
        assert {entry['In Collection'] for entry in content['Models']} == declared


def test_the_papers_figures() -> None:
    """ViTPose tables 1 and 2: AP on COCO val2017, classic and simple decoder."""
    table = {
        'vitpose_small': (73.8, 73.5),
        'vitpose_base': (75.8, 75.5),
        'vitpose_large': (78.3, 78.2),
        'vitpose_huge': (79.1, 78.9),
        'resnet-50': (71.8, 53.1),
        'resnet-152': (73.5, 55.3),
    }
    ours = {entry['Name']: entry for entry in ENTRIES}
    for model, figures in table.items():
        for head, figure in zip(('classic', 'simple'), figures, strict=True):
            (result,) = ours[f'{model}_{head}_coco-256x192']['Results']
            assert (result['Dataset'], result['Metrics']) == ('COCO val2017', {'AP': figure})


def test_the_papers_ablations() -> None:
    """ViTPose-B: attention at 1/8 features, resolution, partial finetuning."""
    table = {
        'vitpose_base_stride8-{}_coco-256x192': {
            'full': 77.4,
            'window': 66.4,
            'shift': 76.4,
            'pool': 76.4,
            'shift-pool': 76.8,
            'quarters': 76.9,
            'shift-pool-16x12': 77.1,
        },
        'vitpose_base_classic_coco-{}': {
            '224x224': 74.9,
            '256x256': 75.8,
            '384x288': 76.9,
            '384x384': 77.1,
            '576x432': 77.8,
        },
        'vitpose_base_frozen-{}_coco-256x192': {'attention': 75.1, 'ffn': 72.8},
    }
    ours = {entry['Name']: entry for entry in ENTRIES}
    for name, rows in table.items():
        for row, figure in rows.items():
            assert ours[name.format(row)]['Results'][0]['Metrics'] == {'AP': figure}


def test_mim_reads_the_index() -> None:
    models = load(str(ROOT / 'model-index.yml')).models
    assert sorted(model.name for model in models) == sorted(entry['Name'] for entry in ENTRIES)


def test_the_inferencer_reads_the_index() -> None:
    names = [entry['Name'] for entry in BaseInferencer._get_models_from_metafile(str(ROOT))]
    assert sorted(names) == sorted(entry['Name'] for entry in ENTRIES)
