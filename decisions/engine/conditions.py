"""Condition trees: from the document's nested lists to frozen nodes, within bounds. Evaluation is elsewhere."""

from collections.abc import Callable

import orjson

from decisions.engine.errors import InvalidDatafile
from decisions.engine.model import AudienceRef, Branch, Condition, Leaf
from decisions.engine.reading import Cursor

MAX_DEPTH = 64
MAX_NODES = 10_000
OPERATORS = ("and", "or", "not")

ReadLeaf = Callable[[object, str], Condition]


def read_experiment_tree(value: object, path: str) -> Condition | None:
    """A tree over audience ids; None (everyone) for null, "" and []. A top list without operator means `or`.

    Raises InvalidDatafile for wrong types, more than MAX_DEPTH levels or MAX_NODES nodes (agent.md 2.2).
    """
    if value is None or value == "" or value == []:
        return None
    tree = _Reader(_read_ref).read(value, path, depth=1)
    if isinstance(tree, Branch) and tree.operator == "":
        return Branch("or", tree.children)
    return tree


def read_audience_tree(value: object, path: str) -> Condition | None:
    """The tree of an audience from a list, one bare condition, or a text holding either as JSON.

    None when the text is not JSON of that kind: such an audience evaluates to unknown. A list without operator stays
    as it is and evaluates to unknown too (agent.md 2.2). Raises InvalidDatafile as `read_experiment_tree`.
    """
    if isinstance(value, str):
        value = decode_conditions(value)
        if value is None:
            return None
    if isinstance(value, dict):
        value = ["or", value]
    return _Reader(_read_leaf).read(value, path, depth=1)


def decode_conditions(text: str) -> list[object] | dict[str, object] | None:
    """The list or object a `conditions` text holds; None when it holds anything else."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, list | dict) else None


def _read_ref(value: object, path: str) -> Condition:
    if not isinstance(value, str):
        raise InvalidDatafile(path, "must be an audience id or a list")
    return AudienceRef(value)


def _read_leaf(value: object, path: str) -> Condition:
    if isinstance(value, str):
        return Branch("", ())
    leaf = Cursor(value, path)
    return Leaf(leaf.text("name"), leaf.text("type"), leaf.text("match") or "exact", leaf.value.get("value"))


class _Reader:
    """Reads one tree and counts its nodes."""

    def __init__(self, read_leaf: ReadLeaf) -> None:
        self.read_leaf = read_leaf
        self.nodes = 0

    def read(self, value: object, path: str, depth: int) -> Condition:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise InvalidDatafile(path, f"conditions are nested deeper than {MAX_DEPTH}")
        if self.nodes > MAX_NODES:
            raise InvalidDatafile(path, f"more than {MAX_NODES} conditions")
        return self._branch(value, path, depth) if isinstance(value, list) else self.read_leaf(value, path)

    def _branch(self, items: list[object], path: str, depth: int) -> Branch:
        operator = items[0] if items and items[0] in OPERATORS else ""
        skip = 1 if operator else 0
        children = (self.read(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(items[skip:], skip))
        return Branch(str(operator), tuple(children))
