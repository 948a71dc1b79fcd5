"""Condition trees compiled to closures on two rails: "definitely true", and for `not` "definitely false".

Each closure equals the three-valued reading of `audiences` on its rail; nothing here says why.
"""

from collections.abc import Callable, Mapping, Sequence

from decisions.engine import matching, semver
from decisions.engine.audiences import NO_SEGMENTS
from decisions.engine.matching import Attributes, number
from decisions.engine.model import Audience, AudienceRef, Branch, Condition, Leaf

Memo = list[object]
"""One request's scratch pad: the segments first, then what each audience came to (None: not evaluated yet)."""
Test = Callable[[Attributes, Memo], bool]


def never(attributes: Attributes, memo: Memo) -> bool:
    return False


def always(attributes: Attributes, memo: Memo) -> bool:
    return True


class AudienceCompiler:
    """Compiles the trees of one project; an audience shared by many rules is evaluated once per request."""

    def __init__(self, audiences: Mapping[str, Audience]) -> None:
        self._audiences = audiences
        self._shared: dict[tuple[str, bool], Test] = {}
        self._size = 1

    def blank(self) -> Memo:
        """A memo for the audiences compiled so far."""
        return [None] * self._size

    def test(self, condition: Condition | None) -> Test | None:
        """Whether a subject is definitely in; None for everyone."""
        return None if condition is None else self._compile(condition, rail=True)

    def _compile(self, condition: Condition, rail: bool) -> Test:
        """`rail` True: the condition is definitely true; False: it is definitely false."""
        if isinstance(condition, Leaf):
            return true_leaf(condition) if rail else false_leaf(condition)
        if isinstance(condition, AudienceRef):
            return self._audience(condition.audience_id, rail)
        return self._branch(condition, rail)

    def _branch(self, branch: Branch, rail: bool) -> Test:
        children = branch.children
        if branch.operator == "not":
            return self._compile(children[0], not rail) if children else never
        if branch.operator == "and" and not rail:
            return _first_untrue([(self._compile(each, True), self._compile(each, False)) for each in children])
        tests = [self._compile(each, rail) for each in children]
        if branch.operator == "and" or (branch.operator == "or" and not rail):
            return _every(tests)
        return _some(tests) if branch.operator == "or" else never

    def _audience(self, audience_id: str, rail: bool) -> Test:
        audience = self._audiences.get(audience_id)
        if audience is None or audience.tree is None:
            return never
        key = (audience_id, rail)
        if key not in self._shared:
            self._shared[key] = _remembering(self._compile(audience.tree, rail), self._size)
            self._size += 1
        return self._shared[key]


def _remembering(test: Test, position: int) -> Test:
    def remembered(attributes: Attributes, memo: Memo) -> bool:
        known = memo[position]
        if known is None:
            known = memo[position] = test(attributes, memo)
        return known is True

    return remembered


def _every(tests: Sequence[Test]) -> Test:
    if len(tests) < 2:
        return tests[0] if tests else always

    def every(attributes: Attributes, memo: Memo) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs more than the loop
            if not test(attributes, memo):
                return False
        return True

    return every


def _some(tests: Sequence[Test]) -> Test:
    if len(tests) < 2:
        return tests[0] if tests else never

    def some(attributes: Attributes, memo: Memo) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs more than the loop
            if test(attributes, memo):
                return True
        return False

    return some


def _first_untrue(rails: Sequence[tuple[Test, Test]]) -> Test:
    """An `and` is false when the first child that is not true is false; an unknown before it hides it."""
    if len(rails) == 1:
        return rails[0][1]

    def first_untrue(attributes: Attributes, memo: Memo) -> bool:
        for is_true, is_false in rails:
            if not is_true(attributes, memo):
                return is_false(attributes, memo)
        return False

    return first_untrue


def false_leaf(leaf: Leaf) -> Test:
    def is_false(attributes: Attributes, memo: Memo) -> bool:
        segments = memo[0]
        return matching.match(leaf, attributes, segments if isinstance(segments, frozenset) else NO_SEGMENTS) is False

    return is_false


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
