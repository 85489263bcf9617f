"""The tool from files to a report; a mistake is one sentence."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.conftest import KEYPOINT_SET
from tests.helpers.injected_errors import LYNX_FLIPS, LYNX_SIGMAS, inject, make_lynxes


def test_report_and_mistakes(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    main = runpy.run_path(str(root / 'tools' / 'analyze.py'))['main']
    rng = np.random.default_rng(0)
    labels = make_lynxes(5, rng=rng)
    results, _ = inject(labels, LYNX_SIGMAS, LYNX_FLIPS, kinds=['miss'], share=0.4, rng=rng)
    for name, content in (('labels', labels), ('results', results)):
        (tmp_path / f'{name}.json').write_text(json.dumps(content))
    (tmp_path / 'lynx.py').write_text(KEYPOINT_SET)
    paths = [str(tmp_path / name) for name in ('results.json', 'labels.json')]
    own = ['--keypoints', str(tmp_path / 'lynx.py')]
    assert main([*paths, *own, '--out', str(tmp_path / 'a.html')]) == 0
    out = capsys.readouterr().out
    assert 'AP 0.' in out and 'miss             1.0000' in out and (tmp_path / 'a.html').is_file()
    for words, told in (
        ([*paths, *own, '--out', paths[1]], 'would be overwritten'),
        ([*paths, *own, '--images', str(tmp_path / 'gone'), '--out', str(tmp_path / 'b.html')], 'gone is not a folder'),
        ([*paths, '--out', str(tmp_path / 'b.html')], 'the keypoint set'),
    ):
        assert main(words) == 1
        error = capsys.readouterr().err
        assert error.startswith('error: ') and told in error and error.count('\n') == 1
    assert not (tmp_path / 'b.html').exists()
