"""The engine of one project: a datafile compiled once and asked many times. No I/O, no clock."""

from collections.abc import Iterable, Mapping

from decisions.engine.model import Datafile, Variation
from decisions.engine.values import (
    Decision,
    ExperimentDecision,
    Outcome,
    Predict,
    Subject,
)


class Engine:
    """Immutable after construction and shared between threads. Make one with `compile_project`."""

    datafile: Datafile
    flag_keys: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    cmab_flag_keys: frozenset[str]

    def decide(self, flag_key: str, subject: Subject, *, profile: Mapping[str, str] | None = None) -> Outcome:
        """Decide one flag on the fast path. An unknown flag yields an outcome that carries the error reason."""
        raise NotImplementedError

    def decide_all(
        self, subject: Subject, *, profile: Mapping[str, str] | None = None, keys: Iterable[str] | None = None
    ) -> list[Outcome]:
        """Decide `keys` (all flags in datafile order when None), evaluating each audience once."""
        raise NotImplementedError

    def explain(
        self,
        flag_key: str,
        subject: Subject,
        *,
        profile: Mapping[str, str] | None = None,
        overrides: Mapping[str, str] | None = None,
        forced: Mapping[tuple[str, str], str] | None = None,
        cmab: Predict | None = None,
        ignore_profile: bool = False,
    ) -> Decision:
        """Decide one flag with reasons (agent.md 3.2, 3.5), by the reference interpreter."""
        raise NotImplementedError

    def arm(
        self, experiment_id: str, subject: Subject, *, profile: Mapping[str, str] | None = None
    ) -> Variation | None:
        """The arm of one experiment on the fast path: whitelist, profile, audience, group, traffic."""
        raise NotImplementedError

    def draw(self, experiment_id: str, unit_id: str) -> Variation | None:
        """The arm the hash alone gives `unit_id`: group and traffic, no audience, list or profile."""
        raise NotImplementedError

    def explain_experiment(
        self,
        experiment_key: str,
        subject: Subject,
        *,
        profile: Mapping[str, str] | None = None,
        overrides: Mapping[str, str] | None = None,
        cmab: Predict | None = None,
        ignore_profile: bool = False,
    ) -> ExperimentDecision | None:
        """One experiment by key with reasons, for `activate` (agent.md 3.2); None for an unknown key.

        The last of duplicate keys wins.
        """
        raise NotImplementedError


def compile_project(datafile: Datafile, previous: Engine | None = None) -> Engine:
    """Compile a datafile; parts of `previous` that did not change are reused."""
    raise NotImplementedError
