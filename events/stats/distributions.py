"""Tails of the distributions that the tests here need, in double precision.

Sources: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.5.29 (series) and 6.5.31 (continued fraction) for
the incomplete gamma function, 26.4.19 for its relation to chi-square, 26.5.8 for the incomplete beta function, 26.7.1
for its relation to Student's t; Wichura, Algorithm AS 241 (1988), is what `statistics.NormalDist.inv_cdf` computes.
"""

import math
from statistics import NormalDist

MOST_STEPS = 10_000
HALVINGS = 60
ENOUGH = 1e-16
TINY = 1e-300


def normal_two_sided(z: float) -> float:
    """The chance that a standard normal variable lies at least as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2))


def normal_quantile(probability: float) -> float:
    return NormalDist().inv_cdf(probability)


def student_two_sided(t: float, degrees: float) -> float:
    """The chance that a variable of Student's t lies at least as far from 0 as `t`; `degrees` need not be whole."""
    return _beta(degrees / (degrees + t * t), degrees / 2, 0.5)


def student_quantile(probability: float, degrees: float) -> float:
    """For probabilities of a half or more. By halving: the tail has no inverse to write down."""
    low, high = 0.0, 1.0
    tail = 2 * (1 - probability)
    while student_two_sided(high, degrees) > tail:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if student_two_sided(middle, degrees) > tail else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    scale = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):  # where the fraction converges quickly
        return scale * _beta_fraction(x, a, b) / a
    return 1 - scale * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    """By Lentz's method."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for factor in (even, odd):
            d = 1 / _not_zero(1 + factor * d)
            c = _not_zero(1 + factor / c)
            value *= d * c
        if abs(d * c - 1) < ENOUGH * 10:
            break
    return value


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
