"""What a figure was measured on."""

from __future__ import annotations

import platform

import torch

from vitpose_mm.benchmarks.machine_description import describe_machine, version


def test_a_run_says_what_it_ran_on() -> None:
    facts = describe_machine(torch.device('cpu'))
    assert facts['torch'] == torch.__version__.split('+')[0] or facts['torch'] == torch.__version__
    assert facts['threads'] == str(torch.get_num_threads())
    assert facts['device']
    assert facts['date'].endswith('UTC')
    assert platform.node() not in facts.values()


def test_a_package_that_is_not_there() -> None:
    assert version('no-such-package') == 'none'
