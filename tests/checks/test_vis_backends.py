"""A backend whose package is missing is one sentence before anything is built."""

from __future__ import annotations

import sys

import pytest
from mmengine.registry import VISBACKENDS

from vitpose_mm.checks.vis_backends import NEEDED, check_vis_backends


@pytest.mark.parametrize('kind', NEEDED)
def test_a_missing_package_is_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    modules, package = NEEDED[kind]
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)  # type: ignore[arg-type]  # its import fails
    with pytest.raises(ValueError, match=rf'{kind}, whose package is not installed: `pip install {package}`'):
        check_vis_backends(dict(vis_backends=[dict(type='LocalVisBackend'), dict(type=f'mmengine.{kind}')]))


def test_one_of_two_packages_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'torch.utils.tensorboard', None)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, 'tensorboardX', sys)
    check_vis_backends(dict(vis_backends=[dict(type='TensorboardVisBackend')]))


def test_every_backend_of_mmengine_is_known() -> None:
    known = {name for name in VISBACKENDS.module_dict if name.endswith('VisBackend')}
    assert known - {'LocalVisBackend'} == set(NEEDED)


def test_what_needs_no_package_passes() -> None:
    check_vis_backends(None)
    check_vis_backends(dict(vis_backends=[dict(type='LocalVisBackend'), dict(type='mine.VisBackend')]))
