"""Condition trees compiled to closures on two rails: "definitely true", and for `not` "definitely false".

Each closure equals the three-valued reading of `audiences` on its rail; nothing here says why.
"""

from collections.abc import Mapping, Sequence

from decisions.engine.fast_leaves import Memo, Test, false_leaf, never, true_leaf
from decisions.engine.matching import Attributes
from decisions.engine.model import Audience, AudienceRef, Branch, Condition, Leaf


def always(attributes: Attributes, memo: Memo) -> bool:
    return True


class AudienceCompiler:
    """Compiles the trees of one project; an audience shared by many rules is evaluated once per request."""

    def __init__(self, audiences: Mapping[str, Audience]) -> None:
        self._audiences = audiences
        self._shared: dict[tuple[str, bool], Test] = {}
        self._branches: dict[tuple[int, bool], Test] = {}
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
        key = (id(condition), rail)
        if key not in self._branches:
            self._branches[key] = self._branch(condition, rail)
        return self._branches[key]

    def _branch(self, branch: Branch, rail: bool) -> Test:
        children = branch.children
        if branch.operator == "not":
            return self._compile(children[0], not rail) if children else never
        if branch.operator == "and" and not rail:
            return _first_untrue([(self._once(each, True), self._once(each, False)) for each in children])
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
            self._shared[key] = self._remembering(self._compile(audience.tree, rail))
        return self._shared[key]

    def _once(self, condition: Condition, rail: bool) -> Test:
        """A nested branch is remembered: asked on both rails at every level, trees would cost their depth's power."""
        test = self._compile(condition, rail)
        return self._remembering(test) if isinstance(condition, Branch) else test

    def _remembering(self, test: Test) -> Test:
        self._size += 1
        return _remembering(test, self._size - 1)


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
