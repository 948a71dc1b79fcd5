"""Everything a decision about one person needs to know of them, in one read. Deciding lives in `decisions`.

Aliases are resolved inside the read. What the caller does not need is left out of the statement (`Needs`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from django.db import connection

Group = tuple[str, str]
"""A group as (type, id)."""
Place = tuple[str, str]
"""A decision point as (site, target)."""
Row = tuple[Any, ...]


class Needs(NamedTuple):
    """Which parts of a person's standing the experiments of a project can depend on."""

    groups: bool = False
    segments: bool = False
    repeats: bool = False
    strata: bool = False

    def union(self, other: "Needs") -> "Needs":
        return Needs(*(mine or theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(slots=True)
class Standing:
    """A person (`user_id` is the root of an alias) as of one read; `arms` and the like are keyed by experiment id.

    `groups` and `working_groups` are None when the client never sent them or sent null. `segments` are those that list
    the person; `group_segments` those that list a group, by group. `repeats` counts within-subjects marks per point.
    `strata` maps (experiment, factor) to how many live assignments each variation has in the person's stratum.
    `is_known` is False for somebody who could not be looked up: an empty field then means nothing.
    """

    row_id: int
    user_id: str
    groups: Mapping[str, Any] | None
    working_groups: Mapping[str, Any] | None
    arms: dict[int, int | None] = field(default_factory=dict)
    methods: dict[int, str] = field(default_factory=dict)
    group_arms: dict[tuple[int, str, str], int | None] = field(default_factory=dict)
    exclusions: set[int] = field(default_factory=set)
    group_exclusions: set[tuple[int, str, str]] = field(default_factory=set)
    segments: set[int] = field(default_factory=set)
    group_segments: dict[Group, set[int]] = field(default_factory=dict)
    repeats: dict[int, dict[Place, int]] = field(default_factory=dict)
    strata: dict[tuple[int, str], dict[int, int]] = field(default_factory=dict)
    is_known: bool = True

    def memberships(self) -> Iterator[Group]:
        """Every group the person is a member of."""
        for kind, ids in (self.groups or {}).items():
            for group_id in ids if isinstance(ids, list) else ():
                yield kind, group_id

    def working(self) -> Iterator[Group]:
        """Every group the person works in now."""
        yield from (self.working_groups or {}).items()


def read(*, user_id: str, needs: Needs) -> Standing | None:
    """The person behind an id, None when nobody is known by it. One query."""
    return of_rows(look_up(user_id=user_id, needs=needs))


def look_up(*, user_id: str, needs: Needs) -> Sequence[Row]:
    """What `of_rows` makes a standing of. One query."""
    statement, uses = _statement(connection.vendor, needs)
    with connection.cursor() as cursor:
        cursor.execute(statement, [user_id] * uses)
        rows: Sequence[Row] = cursor.fetchall()
        return rows


def of_rows(rows: Sequence[Row]) -> Standing | None:
    """A standing of its own each time, because whoever decides may add to it."""
    if not rows:
        return None
    standing = _person(next(row for row in rows if row[0] == PERSON))
    for row in rows:
        _TAKE[row[0]](standing, row)
    return standing


def anonymous(*, user_id: str, groups: Mapping[str, list[str]], needs: Needs) -> Standing:
    """Somebody who is not stored, with the groups of this session: only segments are read. One query."""
    standing = Standing(0, user_id, groups, None)
    if needs.segments:
        read_segments(standing)
    return standing


def read_segments(standing: Standing) -> None:
    """Look the person's segments up anew, by the groups the standing holds now."""
    units = [(USER, standing.user_id), *standing.memberships(), *standing.working()]
    standing.segments.clear()
    standing.group_segments.clear()
    for start in range(0, len(units), AT_ONCE):
        for segment_id, kind, unit in _members(units[start : start + AT_ONCE]):
            _take_member(standing, (MEMBER, segment_id, None, kind, unit, ""))


def _members(units: Sequence[Group]) -> list[Any]:
    marks = ", ".join(["%s"] * len(units))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT segment_id, unit_type, unit_id FROM experiments_segmentmember "
            f"WHERE unit_type IN ({marks}) AND unit_id IN ({marks})",
            [kind for kind, _ in units] + [unit for _, unit in units],
        )
        rows: list[Any] = cursor.fetchall()
        return rows


PERSON, ARM, EXCLUSION, MEMBER, REPEAT, STRATUM = range(6)
USER = "user"
AT_ONCE = 500


def _person(row: Row) -> Standing:
    return Standing(row[1], row[3], _json(row[4]), _json(row[5]))


def _json(text: str | None) -> Mapping[str, Any] | None:
    value = None if text is None else orjson.loads(text)
    return value if isinstance(value, dict) else None


def _take_arm(standing: Standing, row: Row) -> None:
    _, experiment, variation, kind, unit, method = row
    if kind == USER and unit == standing.user_id:
        standing.arms[experiment] = variation
        standing.methods[experiment] = method
    elif kind != USER:
        standing.group_arms[experiment, kind, unit] = variation


def _take_exclusion(standing: Standing, row: Row) -> None:
    _, experiment, _, kind, unit, _ = row
    if kind == USER and unit == standing.user_id:
        standing.exclusions.add(experiment)
    elif kind != USER:
        standing.group_exclusions.add((experiment, kind, unit))


def _take_member(standing: Standing, row: Row) -> None:
    _, segment, _, kind, unit, _ = row
    if kind == USER and unit == standing.user_id:
        standing.segments.add(segment)
    elif kind != USER:
        standing.group_segments.setdefault((kind, unit), set()).add(segment)


def _take_repeat(standing: Standing, row: Row) -> None:
    _, count, experiment, site, target, _ = row
    standing.repeats.setdefault(experiment, {})[site, target] = count


def _take_stratum(standing: Standing, row: Row) -> None:
    _, experiment, variation, factor, _, count = row
    standing.strata.setdefault((experiment, factor), {})[variation] = int(count)


_TAKE = {
    PERSON: lambda standing, row: None,
    ARM: _take_arm,
    EXCLUSION: _take_exclusion,
    MEMBER: _take_member,
    REPEAT: _take_repeat,
    STRATUM: _take_stratum,
}


@lru_cache(maxsize=64)
def _statement(vendor: str, needs: Needs) -> tuple[str, int]:
    """The statement and how often it wants the user's id. Every part has the columns (part, n, n, text, text, text)."""
    words = _POSTGRESQL if vendor == "postgresql" else _SQLITE
    types = words["among"].format("unit_type", "SELECT kind FROM working UNION ALL SELECT 'user'")
    units = words["among"].format("unit_id", "SELECT id FROM working UNION ALL SELECT external_id FROM person")
    whom = f"{types} AND {units}" if needs.groups else f"unit_type = 'user' AND unit_id = ({_EXTERNAL})"
    parts = [_PERSON, _ARMS.format(whom=whom), _EXCLUSIONS.format(whom=whom)]
    if needs.segments:
        types = words["among"].format("unit_type", "SELECT kind FROM belonging UNION ALL SELECT 'user'")
        units = words["among"].format("unit_id", "SELECT id FROM belonging UNION ALL SELECT external_id FROM person")
        parts.append(_MEMBERS.format(whom=f"{types} AND {units}"))
    if needs.repeats:
        parts.append(_REPEATS)
    if needs.strata:
        parts.append(_STRATA)
    statement = words["person"] + words["working"] + words["belonging"] + " UNION ALL ".join(parts)
    return statement, statement.count("%s")


_EXTERNAL = "SELECT external_id FROM person"

_PERSON_ROW = """WITH person AS {materialized} (
  SELECT id, external_id, groups, working_groups FROM users_experimentuser
  WHERE id = COALESCE((SELECT user_id FROM users_useralias WHERE alias = %s),
                      (SELECT id FROM users_experimentuser WHERE external_id = %s))
)"""

_PERSON = """
SELECT 0 AS part, id AS one, CAST(NULL AS bigint) AS two, external_id AS name, CAST(groups AS text) AS first_text,
       CAST(working_groups AS text) AS second_text FROM person"""
_ARMS = """
SELECT 1, experiment_id, variation_id, unit_type, unit_id, method FROM users_assignment
WHERE ended_at IS NULL AND {whom}"""
_EXCLUSIONS = """
SELECT 2, experiment_id, CAST(NULL AS bigint), unit_type, unit_id, code FROM users_exclusion WHERE {whom}"""
_MEMBERS = """
SELECT 3, segment_id, CAST(NULL AS bigint), unit_type, unit_id, '' FROM experiments_segmentmember WHERE {whom}"""
_REPEATS = """
SELECT 4, COUNT(*), v.experiment_id, m.site, m.target, '' FROM users_pointmark m
JOIN users_repeatedmark r ON r.mark_id = m.id JOIN experiments_variation v ON v.id = r.variation_id
WHERE m.user_id = (SELECT id FROM person) GROUP BY v.experiment_id, m.site, m.target"""
_STRATA = """
SELECT 5, a.experiment_id, a.variation_id, mine.factor, '', CAST(COUNT(*) AS text) FROM users_stratumvalue mine
JOIN users_stratumvalue other ON other.factor = mine.factor AND other.value = mine.value
JOIN users_experimentuser u ON u.id = other.user_id
JOIN users_assignment a ON a.unit_type = 'user' AND a.unit_id = u.external_id AND a.ended_at IS NULL
JOIN experiments_design d ON d.experiment_id = a.experiment_id AND d.stratification_factor = mine.factor
WHERE mine.user_id = (SELECT id FROM person) AND d.algorithm = 'stratified' AND a.variation_id IS NOT NULL
GROUP BY a.experiment_id, a.variation_id, mine.factor"""

_SQLITE = {
    "person": _PERSON_ROW.format(materialized=""),
    "working": """, working AS (
  SELECT w.key AS kind, w.value AS id FROM person, json_each(person.working_groups) w WHERE w.type = 'text'
)""",
    "belonging": """, belonging AS (
  SELECT t.key AS kind, g.value AS id FROM person, json_each(person.groups) t,
  json_each(CASE t.type WHEN 'array' THEN t.value ELSE '[]' END) g UNION SELECT kind, id FROM working
)""",
    "among": "{} IN ({})",
}

# ANY(ARRAY(...)) and not IN: an index condition whatever the planner thinks of the number of groups.
_POSTGRESQL = {
    "person": _PERSON_ROW.format(materialized="MATERIALIZED"),
    "working": """, working AS (
  SELECT w.key AS kind, w.value AS id FROM person, jsonb_each_text(
    CASE jsonb_typeof(person.working_groups) WHEN 'object' THEN person.working_groups ELSE '{}'::jsonb END) w
)""",
    "belonging": """, belonging AS (
  SELECT t.key AS kind, g.value AS id FROM person,
  jsonb_each(CASE jsonb_typeof(person.groups) WHEN 'object' THEN person.groups ELSE '{}'::jsonb END) t,
  jsonb_array_elements_text(CASE jsonb_typeof(t.value) WHEN 'array' THEN t.value ELSE '[]'::jsonb END) g
  UNION SELECT kind, id FROM working
)""",
    "among": "{} = ANY(ARRAY({}))",
}
