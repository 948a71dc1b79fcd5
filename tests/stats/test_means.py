"""Means compared, by published numbers."""

import statistics
from typing import Any

import pytest

from events.stats.distributions import student_quantile, student_two_sided
from events.stats.means import Mean, compare
from tests.stats.oracles import CASES


def _mean(sums: dict[str, Any]) -> Mean:
    count, mean = sums["n"], sums["sum"] / sums["n"]
    return Mean(count, mean, (sums["sum_squares"] - count * mean**2) / (count - 1))


def test_the_lift_and_its_interval_are_the_published_ones() -> None:
    case = CASES["welch_mean_relative"]

    found = compare(_mean(case["inputs"]["control"]), _mean(case["inputs"]["treatment"]))

    assert found is not None
    assert found.lift == pytest.approx(case["expected"]["expected"], abs=case["tol"])
    assert found.lift_interval == pytest.approx(case["expected"]["ci"], abs=case["tol"])


# Wikipedia, "Welch's t-test", the three examples: of equal sizes, of unequal ones, and of unequal variances too.
TEN = [17.2, 20.9, 22.6, 18.1, 21.7, 21.4, 23.5, 24.2, 14.7, 21.8]
FIRST, SECOND = "21.5 22.8 21.0 23.0 21.6 23.6 22.5 20.7 23.4 21.8", "20.7 21.7 21.5 22.5 23.6 21.5 22.5 23.5 21.5 21.8"
TWENTY = [float(number) for number in f"{FIRST} {SECOND}".split()]
EXAMPLES = [
    (Mean(15, 20.8, 7.9), Mean(15, 23.0, 3.8), 0.021),
    (*(Mean(len(row), statistics.mean(row), statistics.variance(row)) for row in (TEN, TWENTY)), 0.149),
    (Mean(10, 19.4, 1.4), Mean(20, 21.6, 17.1), 0.036),
]


@pytest.mark.parametrize(("control", "treatment", "p"), EXAMPLES)
def test_the_chance_is_that_of_published_examples(control: Mean, treatment: Mean, p: float) -> None:
    found = compare(control, treatment)

    assert found is not None and found.p_value is not None
    assert found.p_value == pytest.approx(p, abs=2e-3)


@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [(1, 12.7062), (2, 4.30265), (5, 2.57058), (10, 2.22814), (30, 2.04227), (120, 1.97993), (1e9, 1.95996)],
)
def test_the_quantiles_of_t_are_those_of_the_tables(degrees: float, quantile: float) -> None:
    assert student_quantile(0.975, degrees) == pytest.approx(quantile, rel=5e-6)
    assert student_two_sided(quantile, degrees) == pytest.approx(0.05, rel=5e-5)


def test_nothing_between_the_arms_is_certain_to_happen() -> None:
    found = compare(Mean(10, 3.0, 1.0), Mean(10, 3.0, 1.0))

    assert found is not None
    assert (found.difference, found.lift, found.p_value) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("control", "treatment"), [(Mean(1, 1, 0), Mean(5, 1, 1)), (Mean(5, 1, 0.0), Mean(5, 2, 0.0))])
def test_without_two_numbers_or_any_spread_there_is_no_comparison(control: Mean, treatment: Mean) -> None:
    assert compare(control, treatment) is None


def test_a_control_of_zero_has_no_lift() -> None:
    found = compare(Mean(10, 0.0, 1.0), Mean(10, 1.0, 1.0))

    assert found is not None
    assert (found.lift, found.lift_interval) == (None, None)
