"""Several comparisons, by published p-values and statsmodels' numbers."""

import pytest

from events.stats.several import holm
from tests.stats.oracles import CASES


# statsmodels 0.15.0 `multipletests(method="holm")`.
@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.2, 0.9, 0.6], [0.6, 1.0, 1.0]),
        ([0.04], [0.04]),
        ([], []),
    ],
)
def test_the_adjusted_p_values_are_those_of_holm(p_values: list[float], adjusted: list[float]) -> None:
    assert holm(p_values) == pytest.approx(adjusted)


def test_the_published_p_values_are_rejected_as_often_as_published() -> None:
    case = CASES["bh_1995"]

    rejected = [each for each in holm(case["inputs"]["p"]) if each <= case["inputs"]["alpha"]]

    assert len(rejected) == case["expected"]["bonferroni_rejections"]
