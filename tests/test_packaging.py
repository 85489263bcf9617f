"""The built wheel, installed into an environment that has the heavy packages: what mim and mmengine find in it."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml

from tests.helpers.file_server import serve
from vitpose_mm import __version__

SOURCES = ('configs', 'tools', 'vitpose_mm')
FILES = ('setup.py', 'pyproject.toml', 'MANIFEST.in', 'model-index.yml', 'vitpose_mm.pth')
TEXTS = ('LICENSE', 'README.md', 'CITATION.cff', 'CHANGELOG.md')
CONFIG = 'vitpose_small_simple_coco-256x192.py'
pytestmark = pytest.mark.slow
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}  # it may name the checkout


def run(*command: object, cwd: Path | None = None) -> str:
    """Output of a command that has to succeed."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, f'{done.stdout}\n{done.stderr}'
    return done.stdout


def build_wheel(source: Path, out: Path) -> Path:
    """Build a wheel of sources or an sdist, as `pip install .` does."""
    run(sys.executable, '-m', 'pip', 'wheel', source, '--no-deps', '--no-build-isolation', '--wheel-dir', out)
    return next(out.glob('*.whl'))


@pytest.fixture(scope='module')
def source(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a build needs, with what an earlier build may have left."""
    copy = tmp_path_factory.mktemp('source')
    ignore = shutil.ignore_patterns('__pycache__', '.mim')
    for folder in SOURCES:
        shutil.copytree(root / folder, copy / folder, ignore=ignore)
    for name in [*FILES, *TEXTS]:
        if (root / name).exists():
            shutil.copy(root / name, copy)
    for stale in ('build/lib/vitpose_mm/gone.py', 'build/lib/vitpose_mm/.mim/configs/gone.py'):
        (copy / stale).parent.mkdir(parents=True, exist_ok=True)
        (copy / stale).touch()
    return copy


@pytest.fixture(scope='module')
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout."""
    return build_wheel(source, tmp_path_factory.mktemp('wheel'))


def make_environment(folder: Path, wheel: Path) -> Path:
    """Make an environment with the wheel that sees all packages of ours but us; return its Python."""
    run(sys.executable, '-m', 'venv', '--without-pip', folder / 'venv')
    heavy = folder / 'heavy'
    heavy.mkdir()
    for item in Path(pytest.__file__).parents[1].iterdir():
        if 'vitpose_mm' not in item.name:
            (heavy / item.name).symlink_to(item)
    python = folder / 'venv' / 'bin' / 'python'
    (site_of(python) / 'heavy.pth').write_text(f'{heavy}\n')
    run(python, '-m', 'pip', 'install', '--no-index', '--no-deps', wheel)
    return python


@pytest.fixture(scope='module')
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with the wheel."""
    return make_environment(tmp_path_factory.mktemp('env'), wheel)


def site_of(python: Path) -> Path:
    """The folder that packages are installed into."""
    return Path(run(python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))').strip())


def files_below(folder: Path) -> set[str]:
    """Relative paths of the files below a folder, without caches."""
    paths = (path for path in folder.rglob('*') if path.is_file() and '__pycache__' not in path.parts)
    return {str(path.relative_to(folder)) for path in paths}


def test_content_of_the_wheel(wheel: Path, source: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    info = f'vitpose_mm-{__version__}.dist-info'
    assert {name.split('/')[0] for name in names} == {'vitpose_mm', info, 'vitpose_mm.pth'}
    package = {name.removeprefix('vitpose_mm/') for name in names if name.startswith('vitpose_mm/')}
    mim = {name.removeprefix('.mim/') for name in package if name.startswith('.mim/')}
    assert package - {f'.mim/{name}' for name in mim} == files_below(source / 'vitpose_mm')
    assert mim == {f'{folder}/{name}' for folder in ('configs', 'tools') for name in files_below(source / folder)} | {
        'model-index.yml'
    }
    assert 'py.typed' in package
    assert f'{info}/licenses/LICENSE' in names


def test_metadata(wheel: Path) -> None:
    metadata = message_from_bytes(zipfile.ZipFile(wheel).read(f'vitpose_mm-{__version__}.dist-info/METADATA'))
    assert metadata['Name'] == 'vitpose_mm'
    assert metadata['Version'] == __version__
    assert metadata['License-Expression'] == 'Apache-2.0'
    needed = [line for line in metadata.get_all('Requires-Dist') if 'extra ==' not in line]
    assert needed == []  # an environment with torch and the mm packages stays untouched
    assert metadata.get_all('Provides-Extra') == ['safetensors', 'export', 'openvino', 'eval', 'h264', 'timm', 'web']


def test_the_build_leaves_the_sources_alone(wheel: Path, source: Path, root: Path) -> None:
    assert not (source / 'vitpose_mm' / '.mim').exists()
    added = {path.name for path in source.iterdir()} - {*SOURCES, *FILES, *TEXTS}
    assert added == {'build', 'vitpose_mm.egg-info'}  # setuptools' own; git ignores them
    assert files_below(source / 'vitpose_mm') <= files_below(root / 'vitpose_mm')


def test_wheel_from_sdist_is_the_same(wheel: Path, source: Path, tmp_path: Path) -> None:
    code = f'from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})'
    run(sys.executable, '-c', code, cwd=source)
    second = build_wheel(next(tmp_path.glob('*.tar.gz')), tmp_path)
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(second) as theirs:
        assert set(ours.namelist()) == set(theirs.namelist())
        same = [name for name in ours.namelist() if not name.endswith(('RECORD', 'WHEEL'))]
        assert [name for name in same if ours.read(name) != theirs.read(name)] == []


def test_the_installed_one_is_imported(python: Path, tmp_path: Path) -> None:
    said = run(python, '-c', 'import vitpose_mm; print(vitpose_mm.__version__, vitpose_mm.__file__)', cwd=tmp_path)
    assert said.split() == [__version__, str(site_of(python) / 'vitpose_mm' / '__init__.py')]


def test_base_in_a_process_that_never_imported_us(python: Path, tmp_path: Path) -> None:
    (tmp_path / 'child.py').write_text(f"_base_ = 'vitpose_mm::coco/{CONFIG}'\n")
    code = (
        'import sys; early = sorted({"torch", "mmengine", "vitpose_mm"} & set(sys.modules)); '
        'from mmengine.config import Config; cfg = Config.fromfile("child.py"); '
        'print(early, cfg.model.head.type, "vitpose_mm" in sys.modules)'
    )
    assert run(python, '-c', code, cwd=tmp_path).strip() == '[] vitpose_mm.SimpleHead False'


def test_mim_search(python: Path, tmp_path: Path) -> None:
    run(python, '-m', 'mim', 'search', 'vitpose_mm', '--json', 'found.json', cwd=tmp_path)
    found = json.loads((tmp_path / 'found.json').read_text())
    assert found['config'][CONFIG.removesuffix('.py')] == f'configs/coco/{CONFIG}'


def test_mim_download(python: Path, tmp_path: Path) -> None:
    """The weights that the metafile names, here of a server on this machine, and the config beside them."""
    name = 'vitpose_small_classic_coco-256x192'
    metafile = site_of(python) / 'vitpose_mm' / '.mim' / 'configs' / 'coco' / 'metafile.yml'
    text = metafile.read_text()
    address = next(entry['Weights'] for entry in yaml.safe_load(text)['Models'] if entry['Name'] == name)
    folder, _, file = address.rpartition('/')
    assert folder.startswith('https://download.openmmlab.com/mmpose/')
    (tmp_path / 'served').mkdir()
    (tmp_path / 'served' / file).write_bytes(b'weights')
    try:
        with serve(tmp_path / 'served') as server:
            metafile.write_text(text.replace(folder, server.address))
            run(python, '-m', 'mim', 'download', 'vitpose_mm', '--config', name, '--dest', 'got', cwd=tmp_path)
    finally:
        metafile.write_text(text)
    assert (tmp_path / 'got' / file).read_bytes() == b'weights'
    code = f'from mmengine.config import Config; print(Config.fromfile("got/{name}.py").model.backbone.arch)'
    assert run(python, '-c', code, cwd=tmp_path).strip() == 'small'


def test_mim_run_train_and_test(python: Path, tmp_path: Path) -> None:
    """From another folder: data from one of our tools, the config by its base name, one iteration."""
    mim = [python, '-m', 'mim']
    size = ['--images', '2', '--size', '320', '240', '--workers', '0']
    run(*mim, 'run', 'vitpose_mm', 'make_synthetic', 'data', *size, cwd=tmp_path)
    labels = 'annotations/person_keypoints_train.json'
    people = sum(
        person['num_keypoints'] > 0 for person in json.loads((tmp_path / 'data' / labels).read_text())['annotations']
    )
    assert people > 0

    options = ['model.backbone.init_cfg=None', 'default_hooks.checkpoint.interval=1']
    options += ['default_hooks.checkpoint.save_optimizer=False', 'train_cfg.max_epochs=1']
    options += [f'{name}_dataloader.num_workers=0' for name in ('train', 'test')]
    options += [f'{name}_dataloader.persistent_workers=False' for name in ('train', 'test')]
    for dataset in ('train_dataloader.dataset.datasets.0', 'test_dataloader.dataset'):
        options += [f'{dataset}.data_root=data', f'{dataset}.ann_file={labels}', f'{dataset}.data_prefix.img=train/']
    options += ['test_dataloader.dataset.bbox_file=', f'test_evaluator.ann_file=data/{labels}']
    flags = ['--work-dir', 'work', '--cfg-options', *options]
    run(*mim, 'train', 'vitpose_mm', CONFIG, '--no-validate', *flags, cwd=tmp_path)
    assert (tmp_path / 'work' / 'epoch_1.pth').is_file()

    outputs = ['--out', 'metrics.json', '--dump', 'pred.pkl', '--show-dir', 'drawn']
    run(*mim, 'test', 'vitpose_mm', CONFIG, '--checkpoint', 'work/epoch_1.pth', *outputs, *flags, cwd=tmp_path)
    assert 0 <= json.loads((tmp_path / 'metrics.json').read_text())['coco/AP'] <= 1
    predictions = pickle.loads((tmp_path / 'pred.pkl').read_bytes())
    assert [sample['pred_instances']['keypoints'].shape for sample in predictions] == [(1, 17, 2)] * people
    assert list((tmp_path / 'drawn').iterdir())


def test_uninstall_takes_everything_along(wheel: Path, tmp_path: Path) -> None:
    python = make_environment(tmp_path, wheel)
    site = site_of(python)
    assert {'vitpose_mm', 'vitpose_mm.pth'} < {path.name for path in site.iterdir()}
    run(python, '-m', 'pip', 'uninstall', '--yes', 'vitpose_mm', cwd=tmp_path)
    assert [path.name for path in site.iterdir()] == ['heavy.pth']
    code = 'from mmengine.config.utils import MODULE2PACKAGE; print("vitpose_mm" in MODULE2PACKAGE)'
    assert run(python, '-c', code, cwd=tmp_path).strip() == 'False'
