"""Whether people were split as designed: Pearson's chi-square test of goodness of fit.

Source: Fabijan et al., Diagnosing Sample Ratio Mismatch in Online Controlled Experiments (KDD 2019).
"""

from collections.abc import Sequence

from events.stats.distributions import chi_square_upper

SUSPICIOUS = 0.001


def p_value(observed: Sequence[int], shares: Sequence[float]) -> float | None:
    """The chance of a split at least as far from `shares` (any scale) as the observed one.

    None with fewer than two arms that want people, or nobody yet; 0 when an arm that wants nobody has somebody.
    """
    total, whole = sum(observed), sum(shares)
    expecting = [(seen, total * share / whole) for seen, share in zip(observed, shares, strict=True) if share > 0]
    if total == 0 or len(expecting) < 2:
        return None
    if sum(seen for seen, _ in expecting) < total:
        return 0.0
    statistic = sum((seen - expected) ** 2 / expected for seen, expected in expecting)
    return chi_square_upper(statistic, len(expecting) - 1)
