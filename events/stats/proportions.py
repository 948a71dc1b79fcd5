"""Two proportions compared: difference, lift, intervals and p-value.

Sources: the pooled z-test and the unpooled (Wald) interval of the difference as in Agresti, Categorical Data Analysis,
ch. 3; the interval of the lift by the delta method as in Deng, Knoblich, Lu, Applying the Delta Method in Metric
Analytics (KDD 2018).
"""

import math
from dataclasses import dataclass

from events.stats.distributions import normal_quantile, normal_two_sided


@dataclass(frozen=True, slots=True)
class Proportion:
    """`successes` out of `trials`."""

    successes: int
    trials: int

    @property
    def rate(self) -> float:
        return self.successes / self.trials

    @property
    def variance(self) -> float:
        """The variance of the rate's estimate."""
        return self.rate * (1 - self.rate) / self.trials


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treatment against control. `lift` is relative; its interval is None where the control's rate is 0.

    `p_value` is two-sided; None where neither arm varies.
    """

    difference: float
    interval: tuple[float, float]
    lift: float | None
    lift_interval: tuple[float, float] | None
    p_value: float | None


def compare(control: Proportion, treatment: Proportion, *, confidence: float = 0.95) -> Comparison | None:
    """None where an arm has nobody. Raises ValueError for more successes than trials."""
    if min(control.trials, treatment.trials) <= 0:
        return None
    if control.successes > control.trials or treatment.successes > treatment.trials:
        raise ValueError("there cannot be more successes than trials")
    z = normal_quantile((1 + confidence) / 2)
    difference = treatment.rate - control.rate
    return Comparison(
        difference=difference,
        interval=_around(difference, z * math.sqrt(control.variance + treatment.variance)),
        lift=difference / control.rate if control.successes else None,
        lift_interval=_around(difference / control.rate, z * _lift_error(control, treatment))
        if control.successes
        else None,
        p_value=_pooled_p_value(control, treatment),
    )


def _around(middle: float, reach: float) -> tuple[float, float]:
    return middle - reach, middle + reach


def _lift_error(control: Proportion, treatment: Proportion) -> float:
    """The standard error of treatment / control - 1."""
    ratio = treatment.rate / control.rate
    return math.sqrt(treatment.variance + ratio**2 * control.variance) / control.rate


def _pooled_p_value(control: Proportion, treatment: Proportion) -> float | None:
    pooled = (control.successes + treatment.successes) / (control.trials + treatment.trials)
    error = math.sqrt(pooled * (1 - pooled) * (1 / control.trials + 1 / treatment.trials))
    return None if error == 0 else normal_two_sided((treatment.rate - control.rate) / error)
