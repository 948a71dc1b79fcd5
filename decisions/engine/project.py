"""The engine of one project: a datafile compiled once and asked many times. No I/O, no clock."""

from collections.abc import Iterable, Mapping

from decisions.engine import bucketing, interpreter, outcomes, rules
from decisions.engine.audiences import NO_SEGMENTS, Evaluation, segment_names
from decisions.engine.fast_audiences import AudienceCompiler
from decisions.engine.fast_ladders import LadderCompiler
from decisions.engine.fast_leaves import Memo
from decisions.engine.ladders import Ladder, LadderBuilder
from decisions.engine.model import Datafile, Rule, Variation
from decisions.engine.rules import Inquiry, PredictionFailed
from decisions.engine.values import Decision, ExperimentDecision, Outcome, Predict, Subject


class Engine:
    """Immutable after construction and shared between threads. Make one with `compile_project`.

    `outcomes` are all that were made ahead, each at its `index`; `flag_keys` are in datafile order. The fast path never
    asks a prediction service: for the flags of `cmab_flag_keys` use `explain`. `feature_tests` are the ids of the
    experiments that flags name. `segment_names` are the values of all `qualified` conditions, those worth fetching
    (agent.md 4.6). `given` are the ids of rules that are not drawn here: the arm is what `profile` says, and there ""
    says that it cannot be known.
    """

    def __init__(
        self, datafile: Datafile, previous: "Engine | None" = None, given: frozenset[str] = frozenset()
    ) -> None:
        self.datafile = datafile
        self.given = given
        builder = LadderBuilder(datafile, previous._ladders if previous else {})
        self._ladders: dict[str, Ladder] = {flag.key: builder.build(flag) for flag in datafile.flags}
        self.flag_keys = tuple(self._ladders)
        self.outcomes = tuple(outcome for each in self._ladders.values() for outcome in each.outcomes())
        self.cmab_flag_keys = frozenset(
            key for key, each in self._ladders.items() if any(rung.failed for rung in each.experiments)
        )
        self._audiences = {audience.id: audience for audience in datafile.audiences}
        self._groups = {group.id: group for group in datafile.groups}
        self.feature_tests = frozenset(each for flag in datafile.flags for each in flag.experiment_ids)
        self.segment_names = tuple(sorted(segment_names(datafile)))
        self._rules_by_key = {rule.key: rule for rule in datafile.experiments}
        self._compile()

    def _compile(self) -> None:
        audiences = AudienceCompiler(self._audiences)
        compiler = LadderCompiler(self._groups, audiences, self.given)
        self._decide = {key: compiler.ladder(each) for key, each in self._ladders.items()}
        self._all = tuple(self._decide.values())
        arms = {rule.id: (rule, {each.id: each for each in rule.variations}) for rule in self.datafile.experiments}
        self._arms = {key: compiler.experiment(rule, each, None) for key, (rule, each) in arms.items()}
        self._draws = {key: compiler.draw(rule, each) for key, (rule, each) in arms.items()}
        self._blank = audiences.blank()

    def decide(self, flag_key: str, subject: Subject, *, profile: Mapping[str, str] | None = None) -> Outcome:
        """Decide one flag on the fast path. An unknown flag yields an outcome that carries the error reason."""
        decide = self._decide.get(flag_key)
        if decide is None:
            return outcomes.unknown_flag(flag_key)
        unit_id = bucketing.bucketing_id(subject)
        return decide(subject.user_id, unit_id, subject.attributes, self._memo(subject), profile)

    def decide_all(
        self, subject: Subject, *, profile: Mapping[str, str] | None = None, keys: Iterable[str] | None = None
    ) -> list[Outcome]:
        """Decide `keys` in their order (all flags in datafile order when None), evaluating each audience once."""
        user, unit, attributes = subject.user_id, bucketing.bucketing_id(subject), subject.attributes
        memo = self._memo(subject)
        if keys is None:
            return [decide(user, unit, attributes, memo, profile) for decide in self._all]
        found = [(key, self._decide.get(key)) for key in keys]
        return [
            decide(user, unit, attributes, memo, profile) if decide else outcomes.unknown_flag(key)
            for key, decide in found
        ]

    def rule_ids(self, flag_key: str) -> tuple[str, ...]:
        """The ids of the experiments and delivery rules of a flag, in the order in which they are tried."""
        ladder = self._ladders[flag_key]
        return tuple(rung.rule.id for rung in (*ladder.experiments, *ladder.rules))

    def knows(self, flag_key: str) -> bool:
        """Whether there is a flag with this key."""
        return flag_key in self._ladders

    def is_failure(self, outcome: Outcome) -> bool:
        """Whether a prediction was needed and missing: then nothing was decided at all (agent.md 3.6)."""
        ladder = self._ladders.get(outcome.flag_key)
        return outcome.source == "none" and ladder is not None and outcome is not ladder.nothing

    def experiment(self, key: str) -> Rule | None:
        """The experiment with this key, the last of several; None when there is none."""
        return self._rules_by_key.get(key)

    def arm(
        self, experiment_id: str, subject: Subject, *, profile: Mapping[str, str] | None = None
    ) -> Variation | None:
        """The arm of one experiment on the fast path: whitelist, profile, audience, group, traffic.

        None also for an unknown id, and for an experiment that needs a prediction.
        """
        step = self._arms.get(experiment_id)
        if step is None:
            return None
        unit_id = bucketing.bucketing_id(subject)
        return step(subject.user_id, unit_id, subject.attributes, self._memo(subject), profile)

    def draw(self, experiment_id: str, unit_id: str) -> Variation | None:
        """The arm the hash alone gives `unit_id`: group and traffic, no audience, list or profile."""
        pick = self._draws.get(experiment_id)
        return pick(unit_id) if pick else None

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
        """Decide one flag with reasons by the reference interpreter (agent.md 3.2, 3.5).

        `overrides` map experiment key to variation key; `forced` map (flag key, rule key or "") to variation key;
        `profile` maps experiment id to variation id and with `ignore_profile` is neither read nor to be written.
        """
        ladder = self._ladders.get(flag_key)
        if ladder is None:
            unknown = outcomes.unknown_flag(flag_key)
            return Decision(unknown)
        inquiry = self._inquire(subject, None if ignore_profile else profile, overrides, cmab)
        inquiry.forced = forced
        outcome = interpreter.climb(inquiry, ladder)
        remember = None if ignore_profile else inquiry.remember
        return Decision(outcome, tuple(inquiry.evaluation.infos), remember, inquiry.cmab_uuid)

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

        The last of duplicate keys wins. A failed prediction is no variation.
        """
        rule = self._rules_by_key.get(experiment_key)
        if rule is None:
            return None
        inquiry = self._inquire(subject, None if ignore_profile else profile, overrides, cmab)
        variation, reasons = _arm_with_reasons(inquiry, rule)
        remember = None if ignore_profile else inquiry.remember
        return ExperimentDecision(rule.id, rule.key, rule.layer_id, variation, reasons, remember, inquiry.cmab_uuid)

    def _memo(self, subject: Subject) -> Memo:
        memo = self._blank.copy()
        memo[0] = subject.segments or NO_SEGMENTS
        return memo

    def _inquire(
        self,
        subject: Subject,
        profile: Mapping[str, str] | None,
        overrides: Mapping[str, str] | None,
        cmab: Predict | None,
    ) -> Inquiry:
        evaluation = Evaluation(self._audiences, subject)
        return Inquiry(subject, self._groups, evaluation, profile, overrides, cmab=cmab, given=self.given)


def _arm_with_reasons(inquiry: Inquiry, rule: Rule) -> tuple[Variation | None, tuple[str, ...]]:
    try:
        variation = rules.experiment_arm(inquiry, rule)
    except PredictionFailed as failure:
        return None, (str(failure),)
    return variation, tuple(inquiry.evaluation.infos)


def compile_project(datafile: Datafile, previous: Engine | None = None, given: frozenset[str] = frozenset()) -> Engine:
    """Compile a datafile; the outcomes of flags that are as in `previous` are kept.

    `previous` itself is returned when it was compiled from an equal datafile.
    """
    if previous is not None and previous.datafile == datafile and previous.given == given:
        return previous
    return Engine(datafile, previous, given)
