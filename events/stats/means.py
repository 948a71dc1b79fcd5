"""Two means compared: difference, lift, intervals and p-value, from summary numbers.

Sources: Welch, The generalization of Student's problem (Biometrika 1947), with the degrees of freedom of Satterthwaite
(1946); the interval of the lift by the delta method, as in `proportions`.
"""

import math
from dataclasses import dataclass

from events.stats.distributions import student_quantile, student_two_sided
from events.stats.proportions import Comparison


@dataclass(frozen=True, slots=True)
class Mean:
    """`count` numbers with this mean and sample variance (n - 1 below)."""

    count: int
    mean: float
    variance: float

    @property
    def uncertainty(self) -> float:
        """The variance of the mean's estimate."""
        return self.variance / self.count


def compare(control: Mean, treatment: Mean, *, confidence: float = 0.95) -> Comparison | None:
    """None where an arm has fewer than two numbers, or neither varies."""
    if min(control.count, treatment.count) < 2:
        return None
    error = math.sqrt(control.uncertainty + treatment.uncertainty)
    if error == 0:
        return None
    degrees = _degrees(control, treatment)
    reach = student_quantile((1 + confidence) / 2, degrees)
    difference = treatment.mean - control.mean
    lift = difference / control.mean if control.mean else None
    return Comparison(
        difference=difference,
        interval=_around(difference, reach * error),
        lift=lift,
        lift_interval=None if lift is None else _around(lift, reach * _lift_error(control, treatment)),
        interval_method="Welch; lift: delta method",
        p_value=student_two_sided(difference / error, degrees),
        test="Welch's t",
    )


def _degrees(control: Mean, treatment: Mean) -> float:
    whole = (control.uncertainty + treatment.uncertainty) ** 2
    parts = (arm.uncertainty**2 / (arm.count - 1) for arm in (control, treatment))
    return whole / sum(parts)


def _lift_error(control: Mean, treatment: Mean) -> float:
    """The standard error of treatment / control - 1."""
    ratio = treatment.mean / control.mean
    return math.sqrt(treatment.uncertainty + ratio**2 * control.uncertainty) / abs(control.mean)


def _around(middle: float, reach: float) -> tuple[float, float]:
    return middle - reach, middle + reach
