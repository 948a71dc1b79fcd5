"""A design file as values: what is needed of it, under the newest names, checked. Nothing is stored here."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import orjson

from experiments import shapes, texts
from experiments.errors import Invalid

Json = dict[str, Any]

OLD_NAMES = {"expPoint": "site", "expId": "target", "conditionAliases": "conditionPayloads"}
ONE_OR_MANY = ("experimentSegmentInclusion", "experimentSegmentExclusion")
"""Lists of which older versions had one."""
NEVER_NULL = (
    *("tags", "levels", "individualForSegment", "groupForSegment", "subSegments"),
    *("state", "assignmentUnit", "assignmentAlgorithm", "postExperimentRule", "filterMode", "type", "excludeIfReached"),
)
"""Where null is as good as nothing said."""
LARGEST_ARCHIVE = 50 * 1024 * 1024
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""A runtime error is what a password or an unknown compression is told by."""


Name = Annotated[str, msgspec.Meta(max_length=255)]
Kind = Annotated[str, msgspec.Meta(max_length=64)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class PayloadFile(msgspec.Struct):
    type: Literal["string", "json", "csv"] = "string"
    value: str | None = None


class LevelFile(msgspec.Struct):
    id: UUID
    name: Name = ""
    description: str | None = None
    order: int | None = None
    payload: PayloadFile | None = None


class FactorFile(msgspec.Struct):
    name: Name
    id: UUID | None = None
    description: str | None = None
    order: int | None = None
    levels: list[LevelFile] = []


class ElementFile(msgspec.Struct):
    level: LevelFile
    id: UUID | None = None


class ConditionFile(msgspec.Struct):
    id: UUID
    conditionCode: str
    assignmentWeight: float
    twoCharacterId: str | None = None
    name: str | None = None
    description: str | None = None
    order: int | None = None
    levelCombinationElements: list[ElementFile] | None = None


class PointFile(msgspec.Struct):
    id: UUID
    site: str
    target: str | None = None
    twoCharacterId: str | None = None
    description: str | None = None
    order: int | None = None
    excludeIfReached: bool = False


class ConditionPayloadFile(msgspec.Struct):
    id: UUID
    payload: PayloadFile
    parentCondition: UUID
    decisionPoint: UUID | None = None


class QuestionFile(msgspec.Struct):
    operationType: Literal["sum", "min", "max", "count", "avg", "mode", "median", "stddev", "percentage"]
    compareFn: Literal["=", "<>", "!="] | None = None
    compareValue: Name | None = None


class MetricFile(msgspec.Struct):
    key: Name
    type: Literal["continuous", "categorical"] | None = None


class QueryFile(msgspec.Struct):
    id: UUID
    query: QuestionFile
    metric: MetricFile
    name: Name | None = None
    repeatedMeasure: str = "MOST RECENT"
    order: int | None = None


class PersonFile(msgspec.Struct):
    userId: Name


class GroupFile(msgspec.Struct):
    type: str
    groupId: str


class SegmentFile(msgspec.Struct):
    id: UUID
    name: str = ""
    description: str | None = None
    type: str | None = None
    listType: Kind | None = None
    individualForSegment: list[PersonFile] = []
    groupForSegment: list[GroupFile] = []
    subSegments: list["SegmentFile"] = []


class ListFile(msgspec.Struct):
    segment: SegmentFile


class EndingFile(msgspec.Struct):
    userCount: Count | None = None
    groupCount: Count | None = None


class StratificationFile(msgspec.Struct):
    stratificationFactorName: Name


class DesignFile(msgspec.Struct):
    """One experiment. Names are the file's own."""

    id: UUID
    name: str
    context: list[str]
    conditions: list[ConditionFile]
    partitions: list[PointFile]
    description: str | None = None
    state: str = "inactive"
    startOn: str | None = None
    endOn: str | None = None
    consistencyRule: str | None = None
    assignmentUnit: str = "individual"
    group: str | None = None
    postExperimentRule: str = "continue"
    revertTo: UUID | None = None
    enrollmentCompleteCondition: EndingFile | None = None
    tags: list[str] = []
    conditionOrder: str | None = None
    assignmentAlgorithm: str = "random"
    filterMode: str = "excludeAll"
    stratificationFactor: StratificationFile | None = None
    type: str = "Simple"
    backendVersion: str | None = None
    factors: list[FactorFile] | None = None
    conditionPayloads: list[ConditionPayloadFile] | None = None
    queries: list[QueryFile] | None = None
    experimentSegmentInclusion: list[ListFile] | None = None
    experimentSegmentExclusion: list[ListFile] | None = None


def read(content: bytes, *, name: str) -> list[DesignFile]:
    """Every experiment in a file: one, an array of them, or a zip of such files. Raises Invalid, naming the file."""
    return [_design(document, name=name) for document in _documents(content, name)]


def _documents(content: bytes, name: str) -> Iterator[Json]:
    if content[:4] == b"PK\x03\x04":
        for inner, text in _entries(content, name):
            yield from _objects(text, f"{name}/{inner}")
    else:
        yield from _objects(content, name)


def _objects(content: bytes, name: str) -> Iterator[Json]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"{name} is no JSON: {error}") from error
    for each in document if isinstance(document, list) else [document]:
        if not isinstance(each, dict):
            raise Invalid(f"{name} holds something that is no experiment")
        yield each


def _entries(content: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".json")]
            if sum(entry.file_size for entry in entries) > LARGEST_ARCHIVE:
                raise Invalid(f"{name} holds more than {LARGEST_ARCHIVE} bytes")
            for entry in entries:
                yield entry.filename, archive.read(entry)
    except UNREADABLE as error:
        raise Invalid(f"{name} cannot be read as a zip file: {error}") from error


def _design(document: Json, *, name: str) -> DesignFile:
    try:
        return shapes.convert(_renamed(document), DesignFile)
    except (msgspec.ValidationError, Invalid) as error:
        raise Invalid(f"{name}: {document.get('name', 'an experiment')}: {error}") from error


def _renamed(node: Any) -> Any:
    """Older names as the newest ones, and whole objects where an id will do."""
    if isinstance(node, list):
        return [_renamed(each) for each in node]
    if isinstance(node, str) and not texts.is_storable(node):
        raise Invalid("a text in it holds characters that cannot be stored")
    if not isinstance(node, dict):
        return node
    renamed: Json = {OLD_NAMES.get(str(key), str(key)): _renamed(value) for key, value in node.items()}
    for key in ("parentCondition", "decisionPoint"):
        if isinstance(renamed.get(key), dict):
            renamed[key] = renamed[key].get("id")
    for key in ONE_OR_MANY:
        if isinstance(renamed.get(key), dict):
            renamed[key] = [renamed[key]] if renamed[key] else []
    for key in NEVER_NULL:
        if key in renamed and renamed[key] is None:
            del renamed[key]
    return _with_payload(renamed)


def _with_payload(node: Json) -> Json:
    """A payload spelt flat (`payloadValue`, `aliasName`, `alias`) as an object."""
    flat = next((node[key] for key in ("payloadValue", "aliasName", "alias") if key in node), None)
    if "payload" not in node and flat is not None:
        return {**node, "payload": {"type": node.get("payloadType") or "string", "value": flat}}
    return node
