"""Exact tests for few people, where the normal and chi-square approximations do not hold.

Both are two-sided: the chance of everything that is no likelier than what was seen. Sources: Fisher, Statistical
Methods for Research Workers (1934), §21.02; Agresti, Categorical Data Analysis, §3.5.1 and §1.4.4. Chances that tie
but for rounding count as equal.
"""

import math
from collections.abc import Iterable
from itertools import count, takewhile

ROUNDING = 1e-7
NOTHING = math.log(1e-25)


def fisher(*, first: tuple[int, int], second: tuple[int, int]) -> float:
    """Fisher's test that two `(successes, trials)` have one rate."""
    (successes, trials), (others, other_trials) = first, second
    drawn, whole = successes + others, _log_choose(trials + other_trials, successes + others)
    possible = range(max(0, drawn - other_trials), min(trials, drawn) + 1)
    logs = {x: _log_choose(trials, x) + _log_choose(other_trials, drawn - x) - whole for x in possible}
    return _no_likelier(logs.values(), than=logs[successes])


def binomial(*, successes: int, trials: int, share: float) -> float:
    """The binomial test that a trial succeeds with the chance `share`, which lies between 0 and 1."""
    if share > 0.5:
        successes, share = trials - successes, 1 - share
    mean = trials * share
    logs = (_log_binomial(x, trials, share) for x in range(trials + 1))
    # Above the mean the chances only fall, so the rest is nothing once one of them is.
    within = takewhile(lambda each: each[0] <= mean or each[1] > NOTHING, zip(count(), logs, strict=False))
    return _no_likelier((log for _, log in within), than=_log_binomial(successes, trials, share))


def _no_likelier(logs: Iterable[float], *, than: float) -> float:
    limit = than + math.log1p(ROUNDING)
    return min(1.0, math.fsum(math.exp(log) for log in logs if log <= limit))


def _log_binomial(successes: int, trials: int, share: float) -> float:
    return _log_choose(trials, successes) + successes * math.log(share) + (trials - successes) * math.log1p(-share)


def _log_choose(number: int, chosen: int) -> float:
    return math.lgamma(number + 1) - math.lgamma(chosen + 1) - math.lgamma(number - chosen + 1)
