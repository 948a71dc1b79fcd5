"""A published document as UpGrade's rules read it: what `assigning` and `marking` need, worked out ahead of requests.

Pure: a document in, frozen plans out. Who gets what is decided in `decisions.drawing.assigning`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from decisions.datafiles import conditions_of
from decisions.engine import Engine, bucketing, seedrandom
from decisions.engine.audiences import NO_SEGMENTS
from decisions.engine.conditions import read_audience_tree
from decisions.engine.fast_audiences import AudienceCompiler
from users.standing import Needs, Place

Document = Mapping[str, Any]
Pick = Callable[[str], int | None]
"""From a unit's id to the variation it draws; None: not let in."""

Holds = Callable[[Mapping[str, Any]], bool]

NOBODY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PlannedArm:
    """A variation: `codes` are all the names a client may mark it by; `payloads` by point id (None: everywhere)."""

    id: int
    uid: str
    key: str
    weight: float
    codes: frozenset[str]
    levels: tuple[tuple[str, str, Mapping[str, str]], ...]
    payloads: Mapping[int | None, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PlannedPoint:
    id: int
    site: str
    target: str | None

    @property
    def place(self) -> Place:
        return self.site, self.target or ""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One experiment. Segments are closed over their children; `audience` None lets everybody draw.

    `is_plain` tells that whoever is neither excluded nor forced keeps the arm they have, else draws, at any time.
    `weights` are percents, `places` those of `points`. `rules` tells whether the audience's rules hold for
    attributes (None: without an audience), `rules_hold` whether they do for somebody of whom none is known.
    `takes_strangers` tells whether it can be given to people who cannot be looked up: it asks for no group, and nobody
    was listed as kept out when the project was published.
    """

    id: int
    uid: str
    datafile_id: str
    key: str
    name: str
    status: str
    type: str
    unit: str
    group_type: str
    consistency: str
    algorithm: str
    factor: str
    order: str
    lets_all_in: bool
    post_rule: str
    fallback: int | None
    ending_user_count: int | None
    ending_group_count: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    included: frozenset[int]
    excluded: frozenset[int]
    audience: frozenset[int] | None
    rules_hold: bool
    rules: Holds | None
    arms: tuple[PlannedArm, ...]
    points: tuple[PlannedPoint, ...]
    places: frozenset[Place]
    exact: bool
    pick: Pick
    takes_strangers: bool
    is_plain: bool = False

    def arm(self, variation_id: int | None) -> PlannedArm | None:
        return next((arm for arm in self.arms if arm.id == variation_id), None)

    def arm_coded(self, code: str) -> PlannedArm | None:
        """The variation that a client means by a code: its key first, then what else it goes by."""
        named = next((arm for arm in self.arms if arm.key == code), None)
        return named or next((arm for arm in self.arms if code in arm.codes), None)

    @property
    def is_pure(self) -> bool:
        """Whether the unit's id alone says what a person draws."""
        return (
            self.unit == "individual"
            and self.algorithm == "random"
            and self.lets_all_in
            and not self.excluded
            and self.audience is None
        )

    def is_open(self, now: datetime) -> bool:
        """Whether its dates let it be given; a paused one has them behind it."""
        if self.status == "paused":
            return True
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, slots=True)
class PlannedFlag:
    """A flag with its lists closed over; `is_plain` when it is on for everybody its lists let in."""

    id: int
    uid: str
    key: str
    row: Mapping[str, Any]
    is_plain: bool
    lets_all_in: bool
    included: frozenset[int]
    excluded: frozenset[int]


@dataclass(frozen=True, slots=True)
class Plans:
    """Everything UpGrade clients can be given in a project: `plans` have decision points, `by_id` is every experiment.

    `pools` are the indexes of plans that share points. `excludes_anybody` tells whether `global_exclude` had members
    when the project was published.
    """

    plans: tuple[Plan, ...]
    by_id: Mapping[int, Plan]
    by_place: Mapping[Place, tuple[Plan, ...]]
    pools: tuple[tuple[int, ...], ...]
    flags: tuple[PlannedFlag, ...]
    global_exclude: frozenset[int]
    excludes_anybody: bool
    preview_users: Mapping[str, Mapping[int, int]]
    needs: Needs
    flag_needs: Needs


def compile_plans(document: Document, engine: Engine) -> Plans:
    """The plans of a document; empty for a mirrored project."""
    segments = {row["id"]: row for row in document.get("segments", ())}
    everything = tuple(_plan(row, document, segments, engine) for row in document.get("experiments", ()))
    plans = tuple(plan for plan in everything if plan.points)
    flags = tuple(_flag(row, segments) for row in document.get("flags", ()))
    globally = [pk for pk, row in segments.items() if row["kind"] == "global_exclude"]
    excluded = _closure(globally, segments)
    return Plans(
        plans=plans,
        by_id=MappingProxyType({plan.id: plan for plan in everything}),
        by_place=_by_place(plans),
        pools=pools_of(plans),
        flags=flags,
        global_exclude=excluded,
        excludes_anybody=_lists_anybody(excluded, segments),
        preview_users=MappingProxyType(
            {
                row["id"]: {int(experiment): arm for experiment, arm in row["forced"].items()}
                for row in document.get("preview_users", ())
            }
        ),
        needs=_needs(everything, excluded),
        flag_needs=Needs(segments=bool(excluded) or any(flag.included or flag.excluded for flag in flags)),
    )


def _needs(plans: Sequence[Plan], globally: frozenset[int]) -> Needs:
    return Needs(
        groups=any(plan.unit == "group" for plan in plans),
        segments=bool(globally) or any(plan.included or plan.excluded or plan.audience for plan in plans),
        repeats=any(plan.unit == "within_subjects" for plan in plans),
        strata=any(plan.algorithm == "stratified" for plan in plans),
    )


def _plan(row: Mapping[str, Any], document: Document, segments: Mapping[int, Any], engine: Engine) -> Plan:
    design = row["design"]
    rules = None if row["audience"] is None else _rules(row["audience"], document)
    points = tuple(PlannedPoint(point["id"], point["site"], point["target"]) for point in row["points"])
    excluded = _listed(row["lists"], "exclude", segments)
    lets_all_in = design["filter_mode"] == "include_all"
    plan = Plan(
        id=row["id"],
        uid=row["uid"],
        datafile_id=row["datafile_id"],
        key=row["key"],
        name=row["name"],
        status=row["status"],
        type=design["type"],
        unit=design["unit"],
        group_type=design["group_type"],
        consistency=design["consistency"] if design["unit"] != "within_subjects" else "",
        algorithm=design["algorithm"],
        factor=design["stratification_factor"],
        order=design["condition_order"],
        lets_all_in=lets_all_in,
        post_rule=design["post_rule"],
        fallback=design["fallback"],
        ending_user_count=design["ending_user_count"],
        ending_group_count=design["ending_group_count"],
        starts_at=_instant(row["starts_at"]),
        ends_at=_instant(row["ends_at"]),
        included=_listed(row["lists"], "include", segments),
        excluded=excluded,
        audience=None if row["audience"] is None else _closure([row["audience"]], segments),
        rules_hold=rules is None or rules({}),
        rules=rules,
        arms=tuple(_arm(arm, row) for arm in row["variations"]),
        points=points,
        places=frozenset(point.place for point in points),
        exact=row["bucketing"] == "seedrandom",
        pick=_pick(row, engine),
        takes_strangers=design["unit"] != "group" and lets_all_in and not _lists_anybody(excluded, segments),
    )
    is_plain = plan.is_pure and plan.status == "running" and plan.starts_at is None and plan.ends_at is None
    return replace(plan, is_plain=is_plain)


def _arm(arm: Mapping[str, Any], row: Mapping[str, Any]) -> PlannedArm:
    chosen = set(arm["levels"])
    levels = tuple(
        (factor["name"], level["name"], level["payload"])
        for factor in row["factors"]
        for level in factor["levels"]
        if level["id"] in chosen
    )
    payloads = {entry["point"]: {"type": entry["type"], "value": entry["value"]} for entry in arm["payloads"]}
    names = [arm["key"], level_code(levels), *(payload["value"] for payload in payloads.values())]
    return PlannedArm(
        id=arm["id"],
        uid=arm["uid"],
        key=arm["key"],
        weight=float(Decimal(arm["weight"]) * 100),
        codes=frozenset(name for name in names if name),
        levels=levels,
        payloads=MappingProxyType(payloads),
    )


def level_code(levels: Iterable[tuple[str, str, Any]]) -> str:
    """A combination of levels as UpGrade spells it (contract §3.6); "" for fewer than two."""
    spelt = [f"{factor}={level}" for factor, level, _ in levels]
    return "; ".join(spelt) if len(spelt) > 1 else ""


def _pick(row: Mapping[str, Any], engine: Engine) -> Pick:
    if row["bucketing"] == "seedrandom":
        return _seeded_pick(row)
    arms = {arm["datafile_id"]: arm["id"] for arm in row["variations"]}
    if row["exclusion_group"] is not None:
        return _engine_pick(row["datafile_id"], arms, engine)
    weights = [Decimal(arm["weight"]) for arm in row["variations"]]
    slots = bucketing.allocate(weights, Decimal(row["traffic"]))
    return bucketing.compile_allocation(bucketing.ranges(list(arms), slots), row["datafile_id"], arms)


def _engine_pick(datafile_id: str, arms: Mapping[str, int], engine: Engine) -> Pick:
    def pick(unit_id: str) -> int | None:
        drawn = engine.draw(datafile_id, unit_id)
        return None if drawn is None else arms.get(drawn.id)

    return pick


def _seeded_pick(row: Mapping[str, Any]) -> Pick:
    """UpGrade's own draw (contract §3.3). It knows no traffic: what we let in is decided by a hash of its own."""
    uid, ids = row["uid"], [arm["id"] for arm in row["variations"]]
    weights = [float(Decimal(arm["weight"]) * 100) for arm in row["variations"]]
    slots_in = int(Decimal(row["traffic"]) * bucketing.SLOTS)
    index_of = seedrandom.picker(weights)

    def pick(unit_id: str) -> int | None:
        if slots_in < bucketing.SLOTS and bucketing.slot(unit_id, f"traffic:{uid}") >= slots_in:
            return None
        return ids[index_of(seedrandom.draw(f"{uid}_{unit_id}"))] if ids else None

    return pick


def _rules(segment_id: int, document: Document) -> Holds:
    compiler = AudienceCompiler({})
    test = compiler.test(read_audience_tree(conditions_of(segment_id, document), "audience"))
    return lambda attributes: test is None or test(attributes, [NO_SEGMENTS])


def _flag(row: Mapping[str, Any], segments: Mapping[int, Any]) -> PlannedFlag:
    return PlannedFlag(
        id=row["id"],
        uid=row["uid"],
        key=row["key"],
        row=row,
        is_plain=row["kind"] != 3 and not row["rules"] and Decimal(row["traffic"]) == 1,
        lets_all_in=row["filter_mode"] == "include_all",
        included=_listed(row["lists"], "include", segments),
        excluded=_listed(row["lists"], "exclude", segments),
    )


def _listed(lists: Iterable[Mapping[str, Any]], mode: str, segments: Mapping[int, Any]) -> frozenset[int]:
    return _closure([entry["segment"] for entry in lists if entry["mode"] == mode], segments)


def _closure(roots: Iterable[int], segments: Mapping[int, Any]) -> frozenset[int]:
    """These segments and all inside them; a cycle is walked once."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pk = waiting.pop()
        if pk not in found and pk in segments:
            found.add(pk)
            waiting.extend(segments[pk]["children"])
    return frozenset(found)


def _lists_anybody(closed: Iterable[int], segments: Mapping[int, Any]) -> bool:
    """Whether somebody was in one of these segments when the project was published."""
    return any(segments[pk]["has_members"] for pk in closed)


def _by_place(plans: Sequence[Plan]) -> Mapping[Place, tuple[Plan, ...]]:
    found: dict[Place, tuple[Plan, ...]] = {}
    for plan in plans:
        for place in plan.places:
            found[place] = (*found.get(place, ()), plan)
    return MappingProxyType(found)


def pools_of(plans: Sequence[Plan]) -> tuple[tuple[int, ...], ...]:
    """Indexes of plans linked by shared points, transitively (contract §3.4); pools and members in the given order."""
    leader = list(range(len(plans)))

    def find(index: int) -> int:
        while leader[index] != index:
            index = leader[index]
        return index

    first_at: dict[Place, int] = {}
    for index, plan in enumerate(plans):
        for place in plan.places:
            one, other = find(first_at.setdefault(place, index)), find(index)
            leader[max(one, other)] = min(one, other)
    pools: dict[int, list[int]] = {}
    for index in range(len(plans)):
        pools.setdefault(find(index), []).append(index)
    return tuple(tuple(members) for members in pools.values())


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
