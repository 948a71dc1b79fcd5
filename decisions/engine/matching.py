"""One condition against one subject: true, false or unknown (None), agent.md 3.4. Trees are in `audiences`."""

import operator
from collections.abc import Callable, Mapping

from decisions.engine import semver
from decisions.engine.model import Leaf

LEAF_TYPES = frozenset({"custom_attribute", "third_party_dimension"})

Attributes = Mapping[str, object]
Segments = frozenset[str]
Matcher = Callable[[object, object], bool | None]
"""From the condition's value and the attribute's (present, not null) to the answer."""


def match(leaf: Leaf, attributes: Attributes, segments: Segments) -> bool | None:
    """Evaluate a leaf; unknown for a foreign type or match, and for a missing attribute (but `exists`)."""
    if leaf.type not in LEAF_TYPES:
        return None
    if leaf.match == "qualified":
        return leaf.value in segments if isinstance(leaf.value, str) else None
    attribute = attributes.get(leaf.name)
    if leaf.match == "exists":
        return attribute is not None
    matcher = MATCHERS.get(leaf.match)
    return None if matcher is None or attribute is None else matcher(leaf.value, attribute)


def number(value: object) -> float | None:
    """The double a JSON number reads as; None for anything else. Booleans and numeric texts are not numbers."""
    if type(value) is float:
        return value
    if type(value) is not int:
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def exact(value: object, attribute: object) -> bool | None:
    for kind in (str, bool):
        if isinstance(value, kind):
            return value == attribute if isinstance(attribute, kind) else None
    wanted, given = number(value), number(attribute)
    return None if wanted is None or given is None else wanted == given


def substring(value: object, attribute: object) -> bool | None:
    return value in attribute if isinstance(value, str) and isinstance(attribute, str) else None


def comparing(compare: Callable[[float, float], bool]) -> Matcher:
    def matcher(value: object, attribute: object) -> bool | None:
        wanted, given = number(value), number(attribute)
        return None if wanted is None or given is None else compare(given, wanted)

    return matcher


def comparing_versions(compare: Callable[[int, int], bool]) -> Matcher:
    def matcher(value: object, attribute: object) -> bool | None:
        target = semver.parse(value) if isinstance(value, str) else None
        user = semver.parse(attribute) if isinstance(attribute, str) else None
        return None if target is None or user is None else compare(semver.compare(user, target), 0)

    return matcher


COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
VERSION_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "semver_eq": operator.eq,
    "semver_gt": operator.gt,
    "semver_ge": operator.ge,
    "semver_lt": operator.lt,
    "semver_le": operator.le,
}
MATCHERS: Mapping[str, Matcher] = {
    "exact": exact,
    "substring": substring,
    **{name: comparing(compare) for name, compare in COMPARISONS.items()},
    **{name: comparing_versions(compare) for name, compare in VERSION_COMPARISONS.items()},
}
KNOWN_MATCHES = frozenset({"exists", "qualified", *MATCHERS})
