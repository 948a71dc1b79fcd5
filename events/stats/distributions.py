"""Tails of the two distributions that the tests here need, in double precision.

Sources: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.5.29 (series) and 6.5.31 (continued fraction) for
the incomplete gamma function, 26.4.19 for its relation to chi-square; Wichura, Algorithm AS 241 (1988), is what
`statistics.NormalDist.inv_cdf` computes.
"""

import math
from statistics import NormalDist

MOST_STEPS = 10_000
ENOUGH = 1e-16
TINY = 1e-300


def normal_two_sided(z: float) -> float:
    """The chance that a standard normal variable lies at least as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2))


def normal_quantile(probability: float) -> float:
    return NormalDist().inv_cdf(probability)


def chi_square_upper(statistic: float, degrees: int) -> float:
    """The chance that a chi-square variable exceeds `statistic`. Raises ValueError without degrees of freedom."""
    if degrees < 1:
        raise ValueError("a chi-square test needs at least two cells")
    return 1.0 if statistic <= 0 else _gamma_upper(degrees / 2, statistic / 2)


def _gamma_upper(a: float, x: float) -> float:
    """The regularised upper incomplete gamma function Q(a, x)."""
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - scale * _series(a, x) if x < a + 1 else scale * _continued_fraction(a, x)


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    for step in range(1, MOST_STEPS):
        term *= x / (a + step)
        total += term
        if term < total * ENOUGH:
            break
    return total


def _continued_fraction(a: float, x: float) -> float:
    """By Lentz's method; the denominators are kept away from 0."""
    b = x + 1 - a
    c, d = 1 / TINY, 1 / b
    value = d
    for step in range(1, MOST_STEPS):
        factor = -step * (step - a)
        b += 2
        d = 1 / _not_zero(factor * d + b)
        c = _not_zero(b + factor / c)
        value *= d * c
        if abs(d * c - 1) < ENOUGH * 10:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
