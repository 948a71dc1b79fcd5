"""Single conditions compiled to closures, "definitely true" and "definitely false". Trees are elsewhere."""

from collections.abc import Callable, Mapping

from decisions.engine import matching, semver
from decisions.engine.audiences import NO_SEGMENTS
from decisions.engine.matching import Attributes, number
from decisions.engine.model import Leaf

Memo = list[object]
"""One request's scratch pad: the segments first, then what each audience came to (None: not evaluated yet)."""
Test = Callable[[Attributes, Memo], bool]


def never(attributes: Attributes, memo: Memo) -> bool:
    return False


def false_leaf(leaf: Leaf) -> Test:
    if leaf.type in matching.LEAF_TYPES and leaf.match in matching.COMPARISONS:
        return _fails_comparison(leaf)
    if leaf.type in matching.LEAF_TYPES and leaf.match == "exact" and isinstance(leaf.value, str):
        return _differs(leaf.name, leaf.value)

    def is_false(attributes: Attributes, memo: Memo) -> bool:
        segments = memo[0]
        return matching.match(leaf, attributes, segments if isinstance(segments, frozenset) else NO_SEGMENTS) is False

    return is_false


def _fails_comparison(leaf: Leaf) -> Test:
    name, compare, wanted = leaf.name, matching.COMPARISONS[leaf.match], number(leaf.value)
    if wanted is None:
        return never

    def fails(attributes: Attributes, memo: Memo) -> bool:
        given = number(attributes.get(name))
        return given is not None and not compare(given, wanted)

    return fails


def _differs(name: str, value: str) -> Test:
    def differs(attributes: Attributes, memo: Memo) -> bool:
        attribute = attributes.get(name)
        return isinstance(attribute, str) and attribute != value

    return differs


def true_leaf(leaf: Leaf) -> Test:
    if leaf.type not in matching.LEAF_TYPES:
        return never
    if leaf.match.startswith("semver_"):
        return _versions(leaf)
    special = _LEAVES.get(leaf.match)
    if special:
        return special(leaf.name, leaf.value)
    return _comparison(leaf) if leaf.match in matching.COMPARISONS else never


def _exact(name: str, value: object) -> Test:
    if isinstance(value, str):
        return lambda attributes, memo: attributes.get(name) == value
    if isinstance(value, bool):
        return lambda attributes, memo: attributes.get(name) is value
    wanted = number(value)
    return never if wanted is None else lambda attributes, memo: number(attributes.get(name)) == wanted


def _substring(name: str, value: object) -> Test:
    if not isinstance(value, str):
        return never

    def contains(attributes: Attributes, memo: Memo) -> bool:
        attribute = attributes.get(name)
        return isinstance(attribute, str) and value in attribute

    return contains


def _exists(name: str, value: object) -> Test:
    return lambda attributes, memo: attributes.get(name) is not None


def _qualified(name: str, value: object) -> Test:
    if not isinstance(value, str):
        return never

    def qualifies(attributes: Attributes, memo: Memo) -> bool:
        segments = memo[0]
        return isinstance(segments, frozenset) and value in segments

    return qualifies


def _comparison(leaf: Leaf) -> Test:
    name, compare, wanted = leaf.name, matching.COMPARISONS[leaf.match], number(leaf.value)
    if wanted is None:
        return never

    def holds(attributes: Attributes, memo: Memo) -> bool:
        given = number(attributes.get(name))
        return given is not None and compare(given, wanted)

    return holds


def _versions(leaf: Leaf) -> Test:
    name, compare = leaf.name, matching.VERSION_COMPARISONS.get(leaf.match)
    target = semver.parse(leaf.value) if isinstance(leaf.value, str) else None
    if target is None or compare is None:
        return never

    def holds(attributes: Attributes, memo: Memo) -> bool:
        attribute = attributes.get(name)
        user = semver.parse(attribute) if isinstance(attribute, str) else None
        return user is not None and compare(semver.compare(user, target), 0)

    return holds


_LEAVES: Mapping[str, Callable[[str, object], Test]] = {
    "exact": _exact,
    "substring": _substring,
    "exists": _exists,
    "qualified": _qualified,
}
