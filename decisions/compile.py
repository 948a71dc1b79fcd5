"""From what is stored to what decides: one immutable `Snapshot` per project. Nothing here is on the request path."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import orjson

from decisions import datafiles, documents, plans
from decisions.engine import Engine, compile_project
from decisions.engine.datafile import load
from experiments.models import Experiment, MirroredDatafile, Project, Publication
from users.models import UserAlias


@dataclass(frozen=True, slots=True)
class Arm:
    """One variation as the server knows it; ids as in the rows, `payloads` by decision point id (None: everywhere)."""

    id: int
    uid: str
    datafile_id: str
    key: str
    value: str
    weight: str
    levels: tuple[int, ...]
    payloads: Mapping[int | None, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Point:
    id: int
    uid: str
    site: str
    target: str | None
    exclude_if_reached: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """One experiment as the server knows it: what a datafile says of it and what it cannot say.

    `row` is its frozen document; `remembers` tells that some remembered arm differs from the draw.
    """

    id: int
    uid: str
    datafile_id: str
    key: str
    status: str
    arms: tuple[Arm, ...]
    points: tuple[Point, ...]
    row: Mapping[str, Any]
    expressible: bool
    remembers: bool
    starts_at: datetime | None
    ends_at: datetime | None

    def arm(self, variation_id: int | None) -> Arm | None:
        return next((arm for arm in self.arms if arm.id == variation_id), None)

    def arm_by_datafile_id(self, datafile_id: str) -> Arm | None:
        return next((arm for arm in self.arms if arm.datafile_id == datafile_id), None)

    def is_open(self, now: datetime) -> bool:
        """Whether `now` lies inside the experiment's dates (the end excluded); a paused one has them behind it."""
        if self.status == "paused":
            return True
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a request needs to know of one project, frozen.

    `datafile` are the bytes SDKs download, `told` the engine of it; `engine` also knows the experiments that it cannot
    say, by flag key in `beyond`. `document` is the published document ({} for a mirrored project).
    `remembering` are the experiments whose remembered arms must be read; `reads` is whether any read is due at all.
    """

    project_id: int
    project_uid: str
    key: str
    sdk_key: str
    access_token_hash: str
    is_mirrored: bool
    is_active: bool
    requires_token: bool
    dialects: frozenset[str]
    revision: int
    generation: int
    changed_at: datetime
    expires_at: datetime | None
    engine: Engine
    told: Engine
    datafile: bytes
    document: Mapping[str, Any]
    experiments: Mapping[int, Comparison]
    by_uid: Mapping[str, Comparison]
    by_datafile_id: Mapping[str, Comparison]
    by_key: Mapping[str, Comparison]
    remembering: tuple[Comparison, ...]
    beyond: Mapping[str, tuple[Comparison, ...]]
    has_aliases: bool
    plans: plans.Plans

    @property
    def reads(self) -> bool:
        return bool(self.remembering) or (self.has_aliases and not self.is_mirrored)


@dataclass(frozen=True, slots=True)
class Sources:
    """All that a snapshot is compiled from, as plain values that can also be kept on disk.

    `published` is the document of an authored project or the datafile of a mirrored one, as text ("" when nothing was
    published yet); `at` is when that was.
    """

    project_id: int
    project_uid: str
    project_datafile_id: str
    key: str
    sdk_key: str
    environment_key: str
    access_token_hash: str
    is_mirrored: bool
    is_active: bool
    requires_token: bool
    dialects: tuple[str, ...]
    revision: int
    generation: int
    published: str
    at: str | None
    remembering: tuple[int, ...]
    has_aliases: bool


def gather(*, project: Project) -> Sources:
    """Read what a project's snapshot depends on."""
    mirrored = project.source == Project.Source.MIRRORED
    published, at = _mirrored(project) if mirrored else _published(project)
    remembering = Experiment.objects.filter(project=project, remembers_other_arms=True).order_by("pk")
    return Sources(
        project_id=project.pk,
        project_uid=str(project.uid),
        project_datafile_id=project.datafile_id,
        key=project.key,
        sdk_key=project.sdk_key,
        environment_key=project.environment_key,
        access_token_hash=project.access_token_hash,
        is_mirrored=mirrored,
        is_active=project.active,
        requires_token=project.requires_token,
        dialects=tuple(project.dialects),
        revision=project.revision,
        generation=project.generation,
        published=published,
        at=None if at is None else at.isoformat(),
        remembering=tuple(remembering.values_list("pk", flat=True)),
        has_aliases=not mirrored and UserAlias.objects.exists(),
    )


def _mirrored(project: Project) -> tuple[str, datetime | None]:
    row = MirroredDatafile.objects.filter(project=project).first()
    return (row.body, row.fetched_at) if row else ("", None)


def _published(project: Project) -> tuple[str, datetime | None]:
    """The document of the revision that the project's row names, though a later one may be published meanwhile."""
    row = Publication.objects.filter(project=project, revision__lte=project.revision).order_by("-revision").first()
    return (row.document, row.published_at) if row else ("", None)


def compile_snapshot(*, sources: Sources, now: datetime, previous: Snapshot | None = None) -> Snapshot:
    """Compile a project as it holds at `now`. Reads nothing; what did not change of `previous` is reused.

    Raises engine.InvalidDatafile when a mirrored datafile cannot be used.
    """
    engine, told = (None, None) if previous is None else (previous.engine, previous.told)
    at = now if sources.at is None else datetime.fromisoformat(sources.at)
    if sources.is_mirrored:
        body = sources.published.encode() or orjson.dumps(EMPTY_DATAFILE)
        mirrored = _engine(orjson.loads(body), engine)
        return _snapshot(sources, mirrored, mirrored, body, {}, at, None)
    document = orjson.loads(sources.published) if sources.published else documents.EMPTY
    rendered = datafiles.render(document, naming=_naming(sources), now=now)
    public = _engine(rendered, told)
    return _snapshot(
        sources,
        _whole_engine(sources, document, now, engine) or public,
        public,
        orjson.dumps(rendered, option=orjson.OPT_SORT_KEYS),
        document,
        datafiles.changed_at(document, now=now, published_at=at),
        datafiles.next_change_at(document, now=now),
    )


EMPTY_DATAFILE: Mapping[str, Any] = {"version": "4", "accountId": "", "projectId": "", "revision": "0"}


def _naming(sources: Sources) -> datafiles.Naming:
    return datafiles.Naming(
        project_id=sources.project_datafile_id,
        sdk_key=sources.sdk_key,
        environment_key=sources.environment_key,
        revision=str(sources.revision),
    )


def _engine(document: object, previous: Engine | None, given: frozenset[str] = frozenset()) -> Engine:
    return compile_project(load(document), previous, given)


def _whole_engine(
    sources: Sources, document: Mapping[str, Any], now: datetime, previous: Engine | None
) -> Engine | None:
    """The engine that also knows what a datafile cannot say; None when there is no such thing."""
    beyond = datafiles.beyond(document, now=now)
    if not beyond:
        return None
    rendered = datafiles.render(document, naming=_naming(sources), now=now, beyond=beyond)
    return _engine(rendered, previous, frozenset(row["datafile_id"] for row in beyond))


def _beyond(engine: Engine, rows: Mapping[str, Comparison]) -> dict[str, tuple[Comparison, ...]]:
    """The experiments that each flag names and a datafile cannot say, by flag key."""
    found = {key: [rows[rule] for rule in engine.rule_ids(key) if rule in engine.given] for key in engine.flag_keys}
    return {key: tuple(each) for key, each in found.items() if each} if engine.given else {}


def _snapshot(
    sources: Sources,
    engine: Engine,
    told: Engine,
    datafile: bytes,
    document: Mapping[str, Any],
    changed_at: datetime,
    expires_at: datetime | None,
) -> Snapshot:
    remembering = frozenset(sources.remembering)
    rows = tuple(_comparison(row, document, row["id"] in remembering) for row in document.get("experiments", ()))
    by_datafile_id = {row.datafile_id: row for row in rows}
    return Snapshot(
        project_id=sources.project_id,
        project_uid=sources.project_uid,
        key=sources.key,
        sdk_key=sources.sdk_key,
        access_token_hash=sources.access_token_hash,
        is_mirrored=sources.is_mirrored,
        is_active=sources.is_active,
        requires_token=sources.requires_token,
        dialects=frozenset(sources.dialects),
        revision=sources.revision,
        generation=sources.generation,
        changed_at=changed_at,
        expires_at=expires_at,
        engine=engine,
        told=told,
        datafile=datafile,
        document=document,
        experiments=MappingProxyType({row.id: row for row in rows}),
        by_uid=MappingProxyType({row.uid: row for row in rows}),
        by_datafile_id=MappingProxyType(by_datafile_id),
        by_key=MappingProxyType({row.key: row for row in rows}),
        remembering=tuple(row for row in rows if row.remembers),
        beyond=MappingProxyType(_beyond(engine, by_datafile_id)),
        has_aliases=sources.has_aliases,
        plans=plans.compile_plans(document, engine),
    )


def _comparison(row: Mapping[str, Any], document: Mapping[str, Any], remembers: bool) -> Comparison:
    return Comparison(
        id=row["id"],
        uid=row["uid"],
        datafile_id=row["datafile_id"],
        key=row["key"],
        status=row["status"],
        arms=tuple(_arm(arm) for arm in row["variations"]),
        points=tuple(Point(**point) for point in row["points"]),
        row=MappingProxyType(dict(row)),
        expressible=datafiles.is_expressible(row, document),
        remembers=remembers,
        starts_at=_instant(row["starts_at"]),
        ends_at=_instant(row["ends_at"]),
    )


def _arm(arm: Mapping[str, Any]) -> Arm:
    payloads = {entry["point"]: {"type": entry["type"], "value": entry["value"]} for entry in arm["payloads"]}
    return Arm(
        id=arm["id"],
        uid=arm["uid"],
        datafile_id=arm["datafile_id"],
        key=arm["key"],
        value=arm["value"],
        weight=arm["weight"],
        levels=tuple(arm["levels"]),
        payloads=MappingProxyType(payloads),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
