"""Two proportions: published numbers, and the cases at the edge."""

import pytest

from events.stats.distributions import normal_quantile
from events.stats.proportions import Proportion, compare
from tests.stats.oracles import CASES


def test_difference_interval_and_p_value_are_those_of_a_published_chi_square_test() -> None:
    case = CASES["chisq_2prop_us_rel"]
    control, treatment = (Proportion(case["inputs"][arm]["x"], case["inputs"][arm]["n"]) for arm in case["inputs"])

    found = compare(control, treatment)

    assert found is not None and found.lift is not None
    assert found.lift == pytest.approx(case["expected"]["difference"], abs=case["tol"])
    assert [end / control.rate for end in found.interval] == pytest.approx(case["expected"]["ci"], abs=case["tol"])
    assert found.p_value == pytest.approx(case["expected"]["p_value"], abs=case["tol"])


def test_the_error_of_the_lift_is_that_of_the_published_delta_method() -> None:
    case = CASES["welch_prop_relative"]
    control, treatment = (Proportion(case["inputs"][arm]["x"], case["inputs"][arm]["n"]) for arm in case["inputs"])

    found = compare(control, treatment)

    assert found is not None and found.lift is not None and found.lift_interval is not None
    error = (found.lift_interval[1] - found.lift_interval[0]) / 2 / normal_quantile(0.975)
    full = case["cross_check"]["full_precision"]
    assert found.lift == pytest.approx(full["expected"], rel=1e-12)
    assert error == pytest.approx(full["se"], rel=1e-12)


def test_the_confidence_is_a_choice() -> None:
    narrow, wide = (compare(Proportion(40, 100), Proportion(50, 100), confidence=share) for share in (0.8, 0.99))

    assert narrow is not None and wide is not None
    assert wide.interval[0] < narrow.interval[0] < narrow.difference < narrow.interval[1] < wide.interval[1]
    assert wide.p_value == narrow.p_value


@pytest.mark.parametrize("empty", [(Proportion(0, 0), Proportion(1, 2)), (Proportion(1, 2), Proportion(0, 0))])
def test_nothing_is_compared_with_nobody(empty: tuple[Proportion, Proportion]) -> None:
    assert compare(*empty) is None


def test_a_control_that_never_converts_has_no_lift() -> None:
    found = compare(Proportion(0, 10), Proportion(5, 10))

    assert found is not None
    assert (found.lift, found.lift_interval) == (None, None)
    assert found.p_value == pytest.approx(0.00982327, abs=1e-8)


@pytest.mark.parametrize("successes", [0, 10])
def test_arms_that_do_not_vary_have_no_p_value(successes: int) -> None:
    found = compare(Proportion(successes, 10), Proportion(successes, 10))

    assert found is not None and found.p_value is None
    assert found.interval == (0.0, 0.0)


def test_more_successes_than_trials_are_a_fault() -> None:
    with pytest.raises(ValueError, match="more successes"):
        compare(Proportion(3, 2), Proportion(1, 2))
