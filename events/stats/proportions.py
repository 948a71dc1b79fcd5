"""Two proportions compared: difference, lift, intervals and p-value.

With enough people: the pooled z-test and the unpooled (Wald) interval of the difference as in Agresti, Categorical Data
Analysis, ch. 3; the interval of the lift by the delta method as in Deng, Knoblich, Lu, Applying the Delta Method in
Metric Analytics (KDD 2018). With few: Fisher's exact test; the difference by Newcombe, Interval Estimation for the
Difference Between Independent Proportions (Statistics in Medicine, 1998), method 10; the lift by Walter, The
Distribution of Levin's Measure of Attributable Risk (Biometrika, 1975), logarithms of counts with one half added.
"""

import math
from dataclasses import dataclass

from events.stats import exact
from events.stats.distributions import normal_quantile, normal_two_sided

# Cochran's rule of thumb for expected counts; for the intervals it is asked of the observed ones.
ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Proportion:
    """`successes` out of `trials`."""

    successes: int
    trials: int

    @property
    def failures(self) -> int:
        return self.trials - self.successes

    @property
    def rate(self) -> float:
        return self.successes / self.trials

    @property
    def variance(self) -> float:
        """The variance of the rate's estimate."""
        return self.rate * (1 - self.rate) / self.trials


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treatment against control. `lift` is relative; it is None where the control's rate is 0.

    `p_value` is two-sided. The methods are named in the words that reports use.
    """

    difference: float
    interval: tuple[float, float]
    lift: float | None
    lift_interval: tuple[float, float] | None
    interval_method: str
    p_value: float
    test: str


def compare(control: Proportion, treatment: Proportion, *, confidence: float = 0.95) -> Comparison | None:
    """None where an arm has nobody. Raises ValueError for more successes than trials."""
    if min(control.trials, treatment.trials) <= 0:
        return None
    if control.successes > control.trials or treatment.successes > treatment.trials:
        raise ValueError("there cannot be more successes than trials")
    z = normal_quantile((1 + confidence) / 2)
    has_few = min(control.successes, control.failures, treatment.successes, treatment.failures) < ENOUGH
    p_value, test = _tested(control, treatment)
    return Comparison(
        difference=treatment.rate - control.rate,
        interval=_newcombe(control, treatment, z) if has_few else _wald(control, treatment, z),
        lift=treatment.rate / control.rate - 1 if control.successes else None,
        lift_interval=_walter(control, treatment, z) if has_few else _delta(control, treatment, z),
        interval_method="Newcombe; lift: Walter" if has_few else "Wald; lift: delta method",
        p_value=p_value,
        test=test,
    )


def _tested(control: Proportion, treatment: Proportion) -> tuple[float, str]:
    whole = control.trials + treatment.trials
    successes = control.successes + treatment.successes
    least = min(control.trials, treatment.trials) * min(successes, whole - successes) / whole
    if least < ENOUGH:
        first, second = ((arm.successes, arm.trials) for arm in (control, treatment))
        return exact.fisher(first=first, second=second), "Fisher's exact test"
    pooled = successes / whole
    error = math.sqrt(pooled * (1 - pooled) * (1 / control.trials + 1 / treatment.trials))
    return normal_two_sided((treatment.rate - control.rate) / error), "pooled z-test"


def _wald(control: Proportion, treatment: Proportion, z: float) -> tuple[float, float]:
    difference, reach = treatment.rate - control.rate, z * math.sqrt(control.variance + treatment.variance)
    return difference - reach, difference + reach


def _delta(control: Proportion, treatment: Proportion, z: float) -> tuple[float, float]:
    ratio = treatment.rate / control.rate
    reach = z * math.sqrt(treatment.variance + ratio**2 * control.variance) / control.rate
    return ratio - 1 - reach, ratio - 1 + reach


def _newcombe(control: Proportion, treatment: Proportion, z: float) -> tuple[float, float]:
    difference = treatment.rate - control.rate
    (low, high), (least, most) = _wilson(control, z), _wilson(treatment, z)
    below = math.hypot(treatment.rate - least, high - control.rate)
    above = math.hypot(most - treatment.rate, control.rate - low)
    return difference - below, difference + above


def _wilson(arm: Proportion, z: float) -> tuple[float, float]:
    """Wilson's score interval of one rate."""
    middle = arm.successes + z**2 / 2
    reach = z * math.sqrt(arm.successes * arm.failures / arm.trials + z**2 / 4)
    return (middle - reach) / (arm.trials + z**2), (middle + reach) / (arm.trials + z**2)


def _walter(control: Proportion, treatment: Proportion, z: float) -> tuple[float, float] | None:
    """None where there is no lift, and where everybody converts: there the method knows no spread."""
    if control.successes == 0 or control.failures == treatment.failures == 0:
        return None
    arms = [(arm.successes + 0.5, arm.trials + 0.5) for arm in (control, treatment)]
    (few, of), (more, of_more) = arms
    middle = math.log(more / of_more) - math.log(few / of)
    reach = z * math.sqrt(math.fsum(1 / successes - 1 / trials for successes, trials in arms))
    return math.exp(middle - reach) - 1 if treatment.successes else -1.0, math.exp(middle + reach) - 1
