"""Whether the rule of a segment is one the engine can decide by. Nothing is evaluated here."""

from collections.abc import Iterator
from typing import Any

from decisions.engine import InvalidDatafile
from decisions.engine.conditions import OPERATORS, read_audience_tree
from decisions.engine.matching import KNOWN_MATCHES, LEAF_TYPES, number
from experiments.errors import Invalid

NUMERIC = ("gt", "ge", "lt", "le")
VALUELESS = ("exists",)
LEAF = '{"name": "country", "match": "exact", "value": "NL"}'
EXAMPLE = f'["and", {LEAF}]'


def check_rule(rule: Any) -> None:
    """A condition tree as a segment keeps it. [] is no rule.

    Raises Invalid, in a researcher's words, for what the engine cannot read, and for what it reads but answers
    "unknown" to for everybody: an operator or a match that does not exist, a condition without a name.
    """
    if rule == []:
        return
    if not isinstance(rule, list):
        raise Invalid(f"A rule is a list that begins with and, or or not, such as {EXAMPLE}")
    try:
        read_audience_tree(rule, "rule")
    except InvalidDatafile as fault:
        raise Invalid(f"The rule cannot be read: {fault}") from fault
    for node in _nodes(rule):
        _check_branch(node) if isinstance(node, list) else _check_leaf(node)


def attributes_in(rule: Any) -> set[str]:
    """The names of the attributes a (checked) rule asks for."""
    leaves = [node for node in _nodes(rule) if isinstance(node, dict)] if isinstance(rule, list) else []
    return {str(leaf["name"]) for leaf in leaves if leaf.get("match") != "qualified"}


def _nodes(rule: list[Any]) -> Iterator[Any]:
    waiting: list[Any] = [rule]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, list):
            waiting.extend(node[1:])


def _check_branch(node: list[Any]) -> None:
    if not node or node[0] not in OPERATORS:
        raise Invalid(f"Every list begins with and, or or not, such as {EXAMPLE}")
    if len(node) == 1:
        raise Invalid(f'"{node[0]}" has no conditions in it.')
    if node[0] == "not" and len(node) > 2:
        raise Invalid('"not" takes one condition; put several into ["or", …] first.')


def _check_leaf(node: Any) -> None:
    if not isinstance(node, dict):
        raise Invalid(f"{node!r} is no condition; an example of one: {LEAF}")
    match, value = node.get("match") or "exact", node.get("value")
    if match != "qualified" and not node.get("name"):
        raise Invalid(f"A condition needs the name of an attribute, as in {LEAF}")
    if node.get("type", "custom_attribute") not in LEAF_TYPES:
        raise Invalid(f'The type of a condition is "custom_attribute"; leave it out. Found: {node["type"]!r}')
    if match not in KNOWN_MATCHES:
        raise Invalid(f'There is no match "{match}". There are: {", ".join(sorted(KNOWN_MATCHES))}.')
    if match not in VALUELESS and value is None:
        raise Invalid(f'The condition on "{node.get("name", match)}" needs a value to compare with.')
    if match in NUMERIC and number(value) is None:
        raise Invalid(f'"{match}" compares numbers, and {value!r} is not a number.')
