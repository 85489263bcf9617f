from __future__ import annotations

import pytest

from vitpose_mm.studies.seed_statistics import SeedStatistics, difference, plain


def of(*values: float) -> SeedStatistics:
    """Those of a run with a seed for each value."""
    found = SeedStatistics.of([{'run': 'a', 'metrics': {'AP': value}} for value in values], 'a', 'AP')
    assert found is not None
    return found


def test_mean_and_sample_standard_deviation() -> None:
    assert (of(0.1, 0.2, 0.6).mean, of(0.1, 0.2, 0.6).num_seeds) == (pytest.approx(0.3), 3)
    assert of(0.1, 0.2, 0.6).std == pytest.approx(0.264575)
    assert of(0.4).std is None
    assert SeedStatistics.of([], 'a', 'AP') is None
    assert SeedStatistics.of([{'run': 'a', 'metrics': {}}], 'a', 'AP') is None


def test_a_difference_is_given_in_pooled_standard_deviations() -> None:
    one, other = of(0.3, 0.4, 0.5), of(0.1, 0.1, 0.1)
    found = difference([one], [other])
    assert found.value == pytest.approx(0.3)
    assert found.pooled_sds == pytest.approx(0.3 / (0.1 / 2**0.5))
    four = difference([one, one], [other, other])  # the difference of two differences is twice as unsure
    assert four.pooled_sds == pytest.approx(0.6 / 0.1)
    assert difference([one], [of(0.2)]).pooled_sds is None


@pytest.mark.parametrize(
    ('value', 'like', 'text'),
    [
        (0.3434, 0.3, '.343'),
        (-0.059, 0.3, '-.059'),
        (68.04, 68.0, '68.0'),
        (0.41, 68.0, '0.4'),
        (1.0, 1.0, '1.000'),
        (0.0024, 0.0024, '.002'),
    ],
)
def test_a_number_has_the_digits_of_its_kind(value: float, like: float, text: str) -> None:
    assert plain(value, like=like) == text


@pytest.mark.parametrize(('value', 'text'), [(0.00204203, '2.042e-3'), (0.000005, '0.005e-3')])
def test_a_loss_has_a_power_of_ten(value: float, text: str) -> None:
    assert plain(value, like=0.00204, is_loss=True) == text


def test_a_loss_that_is_not_finite_is_shown() -> None:
    assert str(SeedStatistics(float('nan'), None, 1, is_loss=True)) == 'nan'
    assert str(of(0.1, float('nan'))) == 'nan ± nan'


def test_signs_and_standard_deviations() -> None:
    assert plain(0.059, like=0.3, sign=True) == '+.059'
    assert str(of(0.1, 0.2, 0.6)) == '.300 ± .265'
    assert str(of(0.4)) == '.400'
