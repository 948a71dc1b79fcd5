"""Whether people were split as designed: Pearson's chi-square test of goodness of fit, exact tests for few people.

Sources: Fabijan et al., Diagnosing Sample Ratio Mismatch in Online Controlled Experiments (KDD 2019). Where fewer than
five are expected in an arm (Cochran's rule), each arm is tested by the binomial and the smallest p-value multiplied by
the number of tests (Bonferroni).
"""

from collections.abc import Sequence

from events.stats import exact
from events.stats.distributions import chi_square_upper

SUSPICIOUS = 0.001
ENOUGH = 5


def p_value(observed: Sequence[int], shares: Sequence[float]) -> float | None:
    """The chance of a split at least as far from `shares` (any scale) as the observed one.

    None with fewer than two arms that want people, or nobody yet; 0 when an arm that wants nobody has somebody.
    """
    total, whole = sum(observed), sum(shares)
    wanting = [(seen, share / whole) for seen, share in zip(observed, shares, strict=True) if share > 0]
    if total == 0 or len(wanting) < 2:
        return None
    if sum(seen for seen, _ in wanting) < total:
        return 0.0
    if total * min(share for _, share in wanting) < ENOUGH:
        return _exactly(wanting, total)
    statistic = sum((seen - total * share) ** 2 / (total * share) for seen, share in wanting)
    return chi_square_upper(statistic, len(wanting) - 1)


def _exactly(wanting: Sequence[tuple[int, float]], total: int) -> float:
    """Of two arms one test is enough: the other says the same."""
    tested = wanting[:1] if len(wanting) == 2 else wanting
    found = [exact.binomial(successes=seen, trials=total, share=share) for seen, share in tested]
    return min(1.0, len(found) * min(found))
