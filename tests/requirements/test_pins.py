from __future__ import annotations

from pathlib import Path

import mmcv_wheel
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def test_every_requirement_has_an_exact_version() -> None:
    exact = {canonicalize_name(Requirement(line).name): Requirement(line) for line in mmcv_wheel.pins('constraints')}
    assert all(str(requirement.specifier).startswith('==') for requirement in exact.values())
    for file in ('build', 'runtime', 'dev'):
        for line in mmcv_wheel.pins(file):
            wanted = Requirement(line)
            if not str(wanted.specifier).startswith('=='):
                version = str(exact[canonicalize_name(wanted.name)].specifier).removeprefix('==')
                assert wanted.specifier.contains(version), line


def test_digest_changes_with_a_pin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mmcv_wheel, 'HERE', tmp_path)
    (tmp_path / 'torch.txt').write_text('# why\ntorch==2.11.0\n')
    first = mmcv_wheel.digest('torch')
    (tmp_path / 'torch.txt').write_text('# another comment\n\ntorch==2.11.0\n')
    assert mmcv_wheel.digest('torch') == first
    (tmp_path / 'torch.txt').write_text('torch==2.12.0\n')
    assert mmcv_wheel.digest('torch') != first
