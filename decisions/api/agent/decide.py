"""`POST /v1/decide`: which variation of one, several or all flags a person gets (agent contract §1.4).

The plain case joins fragments that were rendered when the datafile was compiled; whatever asks for more than a
decision (reasons, forced decisions, overrides, kept profiles, predictions) goes through the interpreter.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from config.wire import agent
from config.wire.agent import AgentDoor, Refused, described
from config.wire.agent.keys import PROFILE_SERVICE, SEGMENT_CACHE, service_named
from config.wire.live import live
from config.wire.message import Answer, Request
from decisions import deciding
from decisions.agent import explain, exposing, noticing, overrides, profiles
from decisions.api.agent import services
from decisions.api.agent.shapes import DecideBody, ForcedDecision, user_in
from decisions.compile import Snapshot
from decisions.engine import Decision, Outcome, Subject, answer, gojson
from decisions.upstream import platforms, segments
from experiments.remembering import remembered

SOURCE = "agent"
OPTIONS = frozenset(
    {
        "DISABLE_DECISION_EVENT",
        "ENABLED_FLAGS_ONLY",
        "IGNORE_USER_PROFILE_SERVICE",
        "EXCLUDE_VARIABLES",
        "INCLUDE_REASONS",
        "IGNORE_CMAB_CACHE",
        "RESET_CMAB_CACHE",
        "INVALIDATE_USER_CMAB_CACHE",
    }
)
NO_OPTIONS: frozenset[str] = frozenset()
SILENT = frozenset({"DISABLE_DECISION_EVENT"})
TOLD_BY_THE_INTERPRETER = frozenset({"INCLUDE_REASONS", "IGNORE_USER_PROFILE_SERVICE"})


@agent.post
def decide(request: Request, snapshot: Snapshot) -> Answer:
    """One object for one key, a list for none or several; exposures are recorded unless the client declines."""
    asked = agent.read(request, DecideBody)
    user_id = user_in(asked)
    options = _options(tuple(asked.decideOptions)) if asked.decideOptions else NO_OPTIONS
    subject = Subject(user_id, asked.userAttributes or {}, _segments(request, snapshot, asked))
    context = _context(subject)
    platforms.note_identity(snapshot, user_id)
    keys = request.values("keys")
    beyond = deciding.beyond_flags(snapshot, keys) if snapshot.beyond else ()
    if _is_plain(request, snapshot, asked, options, keys):
        person, profile = deciding.subject_and_profile(snapshot, subject, beyond=beyond)
        outcomes = _outcomes(snapshot, person, keys, profile)
        _note(snapshot, person, outcomes, options)
        if live.AGENT_NOTIFICATIONS and noticing.is_wanted(snapshot):
            _notify(snapshot, subject, [Decision(each) for each in outcomes], options)
        return _answer_plain(outcomes, context, options, is_list=len(keys) != 1)
    now = datetime.now(UTC)
    wishes = _wishes(request, snapshot, asked, options)
    person, profile = explain.person(snapshot, subject, wishes, beyond=beyond)
    decisions = explain.flags(snapshot, person, profile, _distinct(snapshot, keys), wishes=wishes)
    explain.keep(snapshot, person, decisions, profile, wishes=wishes, now=now)
    predicted = {each.outcome.flag_key: each.cmab_uuid for each in decisions if each.cmab_uuid}
    _note(snapshot, person, [each.outcome for each in decisions], options, predicted)
    if live.AGENT_NOTIFICATIONS and noticing.is_wanted(snapshot):
        _notify(snapshot, subject, decisions, options)
    return _answer_told(decisions, context, options, is_list=len(keys) != 1)


@remembered(1024)
def _options(given: tuple[str | None, ...]) -> frozenset[str]:
    for option in given:
        if option not in OPTIONS:
            raise Refused(400, f"invalid option: {option or ''}")
    return frozenset(filter(None, given))


def _segments(request: Request, snapshot: Snapshot, asked: DecideBody) -> frozenset[str] | None:
    """What the person qualifies for, when the client wants it fetched; unknown options are ignored."""
    if not asked.fetchSegments:
        return None
    options = set(asked.fetchSegmentsOptions or ())
    source = services.segment_source(service_named(request, SEGMENT_CACHE))
    try:
        return segments.qualified(
            snapshot,
            asked.userId or "",
            source,
            ignores_cache="IGNORE_CACHE" in options,
            resets_cache="RESET_CACHE" in options,
        )
    except segments.NoSegments as fault:
        raise Refused(500, "failed to fetch qualified segments") from fault


def _context(subject: Subject) -> bytes:
    """The user as the answer repeats it, numbers as Go writes them."""
    try:
        return gojson.user_context(subject.user_id, subject.attributes)
    except (ValueError, TypeError, OverflowError) as fault:
        raise Refused(400, "error parsing request body") from fault


def _is_plain(
    request: Request, snapshot: Snapshot, asked: DecideBody, options: frozenset[str], keys: Sequence[str]
) -> bool:
    cmab = snapshot.engine.cmab_flag_keys
    return not (
        asked.forcedDecisions
        or not options.isdisjoint(TOLD_BY_THE_INTERPRETER)
        or live.AGENT_OVERRIDES
        or (
            live.AGENT_PROFILES.get("services")
            and profiles.remembers_draws(snapshot, service=service_named(request, PROFILE_SERVICE))
        )
        or (cmab and (not keys or not cmab.isdisjoint(keys)))
    )


def _outcomes(
    snapshot: Snapshot, subject: Subject, keys: Sequence[str], profile: deciding.Profile | None
) -> list[Outcome]:
    if not keys:
        return snapshot.engine.decide_all(subject, profile=profile)
    if len(keys) == 1:
        return [snapshot.engine.decide(keys[0], subject, profile=profile)]
    return snapshot.engine.decide_all(subject, profile=profile, keys=dict.fromkeys(keys))


def _distinct(snapshot: Snapshot, keys: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(keys)) if keys else list(snapshot.engine.flag_keys)


def _wishes(request: Request, snapshot: Snapshot, asked: DecideBody, options: frozenset[str]) -> explain.Wishes:
    user_id = asked.userId or ""
    return explain.Wishes(
        forced=dict(_forced(asked.forcedDecisions or ())),
        overrides=overrides.in_force(snapshot, user_id) if live.AGENT_OVERRIDES else {},
        ignores_profile="IGNORE_USER_PROFILE_SERVICE" in options,
        profiles=service_named(request, PROFILE_SERVICE),
        predict=services.predictor(snapshot, options),
    )


def _forced(given: Iterable[ForcedDecision | None]) -> Iterable[tuple[tuple[str, str], str]]:
    for each in given:
        forced = each or ForcedDecision()
        yield (forced.flagKey or "", forced.ruleKey or ""), forced.variationKey or ""


def _note(
    snapshot: Snapshot,
    subject: Subject,
    outcomes: Sequence[Outcome],
    options: frozenset[str],
    cmab_uuids: Mapping[str, str] | None = None,
) -> None:
    if "DISABLE_DECISION_EVENT" not in options:
        exposing.note(snapshot, subject, outcomes, source=SOURCE, now=datetime.now(UTC), cmab_uuids=cmab_uuids)


def _notify(snapshot: Snapshot, subject: Subject, decisions: Sequence[Decision], options: frozenset[str]) -> None:
    """Tell who listens to the project, whether or not exposures are recorded."""
    is_silent = "DISABLE_DECISION_EVENT" in options
    told = [each.outcome for each in decisions if not is_silent and exposing.is_exposure(snapshot, each.outcome)]
    noticing.flags(
        snapshot,
        noticing.person(subject.user_id, subject.attributes, subject.segments),
        decisions,
        frozenset(outcome.flag_key for outcome in told),
        with_reasons="INCLUDE_REASONS" in options,
        with_variables="EXCLUDE_VARIABLES" not in options,
    )


def _answer_plain(outcomes: Sequence[Outcome], context: bytes, options: frozenset[str], *, is_list: bool) -> Answer:
    if not options <= SILENT:
        return _answer_told([Decision(outcome) for outcome in outcomes], context, options, is_list=is_list)
    if not is_list:
        return agent.ok(outcomes[0].head + context + outcomes[0].tail)
    return agent.ok(b"[" + b",".join([each.head + context + each.tail for each in outcomes]) + b"]")


def _answer_told(decisions: Sequence[Decision], context: bytes, options: frozenset[str], *, is_list: bool) -> Answer:
    with_reasons, with_variables = "INCLUDE_REASONS" in options, "EXCLUDE_VARIABLES" not in options
    enabled_only = is_list and "ENABLED_FLAGS_ONLY" in options
    items = [
        answer(each.outcome, context, each.infos if with_reasons else (), with_variables=with_variables)
        for each in decisions
        if each.outcome.enabled or not enabled_only
    ]
    return agent.ok(gojson.arr(items) if is_list else items[0])


class Decide(AgentDoor):
    decide = described(decide, takes=DecideBody, query=("keys",))
