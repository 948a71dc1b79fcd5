"""Sample ratio and the tail of chi-square, by published numbers."""

import pytest

from events.stats import exact
from events.stats.distributions import chi_square_upper
from events.stats.sample_ratio import SUSPICIOUS, p_value
from tests.stats.oracles import CASES


@pytest.mark.parametrize("name", ["srm_wikipedia", "srm_statsig_docs"])
def test_published_mismatches_are_found(name: str) -> None:
    case = CASES[name]

    found = p_value(case["inputs"]["observed"], case["inputs"]["expected_ratio"])

    assert found == pytest.approx(case["cross_check"]["p_value"], rel=1e-9)
    assert found is not None and found < SUSPICIOUS


@pytest.mark.parametrize(
    ("statistic", "degrees", "upper"),
    [
        (3.841458820694124, 1, 0.05),
        (5.991464547107979, 2, 0.05),
        (18.307038053275146, 10, 0.05),
        (0.00393214, 1, 0.95),
        (124.3421134, 100, 0.05),
        (67.3275633, 100, 0.995),
        (0.0, 3, 1.0),
    ],
)
def test_the_tail_of_chi_square_is_that_of_the_tables(statistic: float, degrees: int, upper: float) -> None:
    assert chi_square_upper(statistic, degrees) == pytest.approx(upper, rel=1e-6)


def test_a_perfect_split_is_certain() -> None:
    assert p_value([30, 70], [0.3, 0.7]) == 1.0


def test_shares_may_have_any_scale() -> None:
    assert p_value([10, 20], [1, 2]) == p_value([10, 20], [0.25, 0.5])


@pytest.mark.parametrize(("observed", "shares"), [([0, 0], [1, 1]), ([5], [1]), ([5, 0], [1, 0])])
def test_without_people_or_arms_there_is_nothing_to_test(observed: list[int], shares: list[float]) -> None:
    assert p_value(observed, shares) is None


# scipy 1.17.1 `binomtest`.
@pytest.mark.parametrize(
    ("successes", "trials", "share", "expected"),
    [
        (1, 1, 0.01, 0.01),
        (0, 1, 0.01, 1.0),
        (2, 2, 0.01, 0.0001),
        (3, 10, 0.5, 0.34375),
        (0, 12, 0.5, 0.00048828125),
        (4, 2000, 0.001, 0.142786233206676),
        (9, 2000, 0.001, 0.0002348782433862744),
        (1999, 2000, 0.999, 0.7291940079522945),
        (1, 5, 0.25, 1.0),
    ],
)
def test_a_split_of_few_is_tested_exactly(successes: int, trials: int, share: float, expected: float) -> None:
    assert exact.binomial(successes=successes, trials=trials, share=share) == pytest.approx(expected, rel=1e-9)
    if trials * min(share, 1 - share) < 5:
        found = p_value([successes, trials - successes], [share, 1 - share])
        assert found == pytest.approx(expected, rel=1e-9)


def test_the_first_user_of_a_small_arm_is_no_mismatch() -> None:
    assert p_value([1, 0], [0.01, 0.99]) == pytest.approx(0.01)
    assert p_value([0, 1, 0], [0.5, 0.01, 0.49]) == pytest.approx(0.03)


def test_people_in_an_arm_that_wants_nobody_are_a_mismatch() -> None:
    assert p_value([5, 5, 1], [1, 1, 0]) == 0.0


def test_one_cell_is_no_test() -> None:
    with pytest.raises(ValueError, match="two cells"):
        chi_square_upper(1.0, 0)
