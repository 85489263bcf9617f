from __future__ import annotations

import pytest

from vitpose_mm.studies import STUDIES, find_study
from vitpose_mm.studies.study import Run, Study


def test_needs_are_read_from_the_options() -> None:
    run = Run('b', 'x.py', ('a=1', 'b={checkpoint:one}', 'c=[{checkpoint:two},{checkpoint:one}]'))
    assert run.needs() == ['one', 'two', 'one']
    assert Run('c', 'x.py', ('a={folder:b}/token.pth',), test_options=('c={checkpoint:d}',)).needs() == ['b', 'd']
    assert Run('a', 'x.py').needs() == []


def test_mistakes_are_named() -> None:
    first, second = Run('a', 'x.py'), Run('b', 'x.py', ('load_from={checkpoint:a}',))
    study = Study('s', '', (first, second))
    assert study.pick(None) == (first, second)
    assert study.pick(['b']) == (second,)
    with pytest.raises(ValueError, match=r"s has no run 'c': it has a, b"):
        study.pick(['c'])
    with pytest.raises(ValueError, match=r"two runs are called 'a'"):
        Study('s', '', (first, first))
    with pytest.raises(ValueError, match=r"run 'b' needs 'a': put that one before it"):
        Study('s', '', (second, first))
    with pytest.raises(ValueError, match=r"no study 'x': there are decoders"):
        find_study('x')


def test_names_are_the_keys() -> None:
    assert all(name == study.name for name, study in STUDIES.items())
    assert find_study('multi_synthetic').seeds == (0, 1, 2)
