from __future__ import annotations

import shutil
from pathlib import Path

import install
import pytest
from environment import Environment


def test_the_editable_install_has_what_mim_and_mmengine_look_for(
    env: Environment, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, checkout = tmp_path / 'site', tmp_path / 'checkout'
    site.mkdir()
    (checkout / 'vitpose_mm').mkdir(parents=True)
    for name in ('configs', 'tools'):
        (checkout / name).mkdir()
    shutil.copy(root / 'vitpose_mm.pth', checkout)
    (checkout / 'model-index.yml').write_text('Import: []\n')
    (site / 'vitpose_mm').symlink_to(tmp_path / 'a_checkout_that_is_gone')
    monkeypatch.setattr(install, 'ROOT', checkout)
    monkeypatch.setattr(env, 'pip', lambda *arguments: None)
    monkeypatch.setattr(env, 'output', lambda code: str(site))
    for _ in range(2):  # again over its own links
        install.install_project(env)
    mim = site / 'vitpose_mm' / '.mim'
    assert mim.resolve() == (checkout / 'vitpose_mm' / '.mim').resolve()
    assert (mim / 'model-index.yml').read_text() == 'Import: []\n'
    assert (mim / 'configs').is_dir() and (mim / 'tools').is_dir()
    assert (site / 'vitpose_mm.pth').read_text() == (root / 'vitpose_mm.pth').read_text()
