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


# scipy 1.17.1 `fisher_exact`; statsmodels 0.15.0 `confint_proportions_2indep` ("newcomb"; "log-adjusted" of the ratio).
FEW = [
    ((0, 10), (5, 10), 0.032507739938080496, (0.11736746745022203, 0.7634069094874361), None),
    ((5, 10), (10, 10), 0.032507739938080496, (0.11736746745022197, 0.7634069094874361), (0.07241988924, 2.3985084907)),
    ((0, 10), (0, 10), 1.0, (-0.27753279986288926, 0.27753279986288926), None),
    ((10, 10), (10, 10), 1.0, (-0.27753279986288937, 0.27753279986288937), None),
    ((1, 4), (3, 4), 0.48571428571428565, (-0.13548840058295153, 0.7890832680847557), (-0.42279737017, 8.43246645648)),
    ((0, 1), (1, 1), 1.0, (-0.12210872068194178, 1.0), None),
    ((3, 12), (2, 9), 1.0, (-0.35177837151715163, 0.3351100113036648), (-0.76509269609, 2.76028033663)),
    (
        (7, 9),
        (4, 11),
        0.09228387711359848,
        (-0.6791170057579707, 0.016659358994765727),
        (-0.77552636999, 0.09443179360),
    ),
]


@pytest.mark.parametrize(("control", "treatment", "p_value", "interval", "lift_interval"), FEW)
def test_few_people_are_compared_by_exact_and_score_methods(
    control: tuple[int, int],
    treatment: tuple[int, int],
    p_value: float,
    interval: tuple[float, float],
    lift_interval: tuple[float, float] | None,
) -> None:
    found = compare(Proportion(*control), Proportion(*treatment))

    assert found is not None
    assert (found.test, found.interval_method) == ("Fisher's exact test", "Newcombe; lift: Walter")
    assert found.p_value == pytest.approx(p_value, rel=1e-9)
    assert found.interval == pytest.approx(interval, abs=1e-9)
    assert found.lift_interval == (lift_interval and pytest.approx(lift_interval, abs=1e-9))


def test_a_rare_conversion_among_many_is_tested_by_z_but_its_interval_is_a_score() -> None:
    found = compare(Proportion(2, 2000), Proportion(9, 2100))

    assert found is not None
    assert (found.test, found.interval_method) == ("pooled z-test", "Newcombe; lift: Walter")
    assert found.p_value == pytest.approx(0.042050587263359133, rel=1e-9)
    assert found.interval == pytest.approx((-4.3276196013590854e-05, 0.007193307319588055), abs=1e-12)


def test_many_people_are_compared_by_the_plain_methods() -> None:
    found = compare(Proportion(400, 1000), Proportion(450, 1000))

    assert found is not None
    assert (found.test, found.interval_method) == ("pooled z-test", "Wald; lift: delta method")
    assert found.p_value == pytest.approx(0.023718642632191457, rel=1e-12)
    assert found.interval == pytest.approx((0.006725166954817861, 0.09327483304518211), abs=1e-12)


def test_a_variant_that_nobody_took_up_may_have_lost_everything() -> None:
    found = compare(Proportion(5, 20), Proportion(0, 20))

    assert found is not None and found.lift_interval is not None
    assert (found.lift, found.lift_interval[0]) == (-1.0, -1.0)
    assert found.lift_interval[1] < 1


def test_more_successes_than_trials_are_a_fault() -> None:
    with pytest.raises(ValueError, match="more successes"):
        compare(Proportion(3, 2), Proportion(1, 2))
