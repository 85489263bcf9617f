"""From an image to keypoints next to MMPose: what is compared is the same work, and its figures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vitpose_mm.benchmarks import inference
from vitpose_mm.benchmarks.inference import NetTimer, benchmark_crops, benchmark_decode, benchmark_inference
from vitpose_mm.benchmarks.timing import Call, Clock, Protocol, Stand

POSE = """
test_dataloader = dict(dataset=dict(type='CocoDataset', pipeline=[
    dict(type='LoadImage'), dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(192, 256), use_udp=True), dict(type='PackPoseInputs')]))
model['data_preprocessor'] = dict(type='PoseDataPreprocessor', mean=[120.0] * 3, std=[60.0] * 3)
model['backbone']['input_size'] = (192, 256)
model['head'].update(out_channels=17)
model['test_cfg'] = dict(flip_test=True)
"""


@pytest.fixture
def stand() -> Stand:
    device = torch.device('cpu')
    return Stand(device, Clock(device, 'process'), Protocol(0, 2, 2), 3, lambda text: None)


def results_of(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Whatever is timed next leaves what it returns here, by name."""
    found: dict[str, object] = {}
    original = Stand.time

    def time(self: Stand, calls: dict[str, Call]) -> dict[str, list[float]]:
        found.update({name: call() for name, call in calls.items()})
        return original(self, calls)

    monkeypatch.setattr(Stand, 'time', time)
    return found


def test_decoding_gives_the_same_keypoints(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    found = results_of(monkeypatch)
    (rows,) = benchmark_decode(stand).tables.values()
    assert [row[''] for row in rows] == ['mmpose', 'ours']
    assert rows[0]['to mmpose'] == '1.00 (1.00 to 1.00)'
    ours, theirs = found['ours'], found['mmpose']
    for i in range(3):
        torch.testing.assert_close(ours[0][i], theirs[i][0], atol=1e-3, rtol=0)  # type: ignore[index]


def test_crops_are_the_same(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    found = results_of(monkeypatch)
    (rows,) = benchmark_crops(stand).tables.values()
    assert len(rows) == 2
    theirs = torch.stack([one['inputs'] for one in found['mmpose']])  # type: ignore[attr-defined]
    assert torch.equal(found['ours'].pixels, theirs)  # type: ignore[attr-defined]


def test_one_image(stand: Stand, tiny_config: Path, detector_config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_config.write_text(
        tiny_config.read_text().replace('(48, 64)', '(192, 256)').replace('(12, 16)', '(48, 64)') + POSE
    )
    monkeypatch.setattr(inference, 'find_detector_config', lambda name: detector_config)
    report = benchmark_inference(stand, tiny_config, tiny_config, detector='tiny', precision='fp32')
    (rows,) = report.tables.values()
    assert [row[''] for row in rows] == ['mmpose', 'ours', 'the two nets alone']
    assert 'to the two nets alone, round by round' in report.notes[-2]
    assert 'Within one call of ours, all but the nets takes' in report.notes[-1]


def test_time_apart_from_the_nets(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0, 1, 3, 4, 9, 10, 11, 20, 20.5, 21])
    monkeypatch.setattr(Clock, 'now', lambda self: next(moments))
    timer = NetTimer(stand)
    net = timer.wrap(lambda value: value + 1)
    with timer.whole_call():  # from 0 to 10: 2 and 5 seconds of it in the net
        assert net(1) == 2 and net(2) == 3
    with timer.whole_call():
        net(1)
    assert timer.rest == [3, 9.5]


@pytest.fixture
def detector_config(tmp_path: Path) -> str:
    """A tiny RTMDet."""
    from tests.inference.conftest import DETECTOR

    (tmp_path / 'tiny_rtmdet.py').write_text(DETECTOR)
    return str(tmp_path / 'tiny_rtmdet.py')
