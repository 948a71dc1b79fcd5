"""Patterns of the `matches` operator: everyday regular expressions, matched in time linear in the text.

Literals, `.`, `[...]`, `\\d \\w \\s` (and negations), `^`, `$`, groups, `|`, `* + ? {m,n}`. All possible ways through a
pattern are walked at once (Thompson, 1968), so no pattern can run away as one that tries them in turn can; what would
need that (back-references, look-around) is refused. Which text is looked at is not decided here.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

from sampling.expressions import Alternatives, End, Node, OneOf, Repeated, Sequence, Start, Unsupported, parse

MOST_STATES = 500
MOST_REMEMBERED = 5_000
MATCH = 0

States = frozenset[int]


@lru_cache(maxsize=512)
def compiled(source: str) -> "Pattern":
    """Raises Unsupported for what is no pattern or is beyond this dialect of them."""
    return Pattern(source)


class Pattern:
    """A pattern as states; state 0 is the match. Steps once taken are remembered, so a second text costs less."""

    def __init__(self, source: str) -> None:
        self._tests: dict[int, tuple[Callable[[str], bool], int]] = {}
        self._jumps: dict[int, tuple[int, ...]] = {MATCH: ()}
        self._anchors: dict[int, tuple[type[Node], int]] = {}
        self._count = 1
        self._begin = self._state_of(parse(source), MATCH)
        self._steps: dict[tuple[States, str], States] = {}

    def search(self, text: str) -> bool:
        """Whether the pattern occurs anywhere in the text."""
        here = self._reachable([self._begin], first=True, last=not text)
        for position, sign in enumerate(text, start=1):
            if MATCH in here:
                return True
            here = self._step(here, sign) if position < len(text) else self._last_step(here, sign)
        return MATCH in here

    def _step(self, here: States, sign: str) -> States:
        key = (here, sign)
        if key not in self._steps:
            if len(self._steps) >= MOST_REMEMBERED:
                self._steps.clear()
            self._steps[key] = self._reachable(self._after(here, sign), first=False, last=False)
        return self._steps[key]

    def _last_step(self, here: States, sign: str) -> States:
        return self._reachable(self._after(here, sign), first=False, last=True)

    def _after(self, here: States, sign: str) -> list[int]:
        """Where one sign leads; the pattern may also begin anew behind it."""
        taken = [self._tests[state] for state in here if state in self._tests]
        return [self._begin, *(after for test, after in taken if test(sign))]

    def _reachable(self, states: Iterable[int], *, first: bool, last: bool) -> States:
        """Everywhere one can be without reading a sign."""
        seen: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                waiting += self._jumps.get(state, ())
                anchor, after = self._anchors.get(state, (None, MATCH))
                if (anchor is Start and first) or (anchor is End and last):
                    waiting.append(after)
        return frozenset(seen)

    def _new(self) -> int:
        self._count += 1
        if self._count > MOST_STATES:
            raise Unsupported("too large a pattern")
        return self._count - 1

    def _state_of(self, node: Node, after: int) -> int:
        """The state at which `node` begins, when `after` is what follows it."""
        state = self._new()
        match node:
            case OneOf(test):
                self._tests[state] = (test, after)
            case Start() | End():
                self._anchors[state] = (type(node), after)
            case Sequence(nodes):
                for each in reversed(nodes):
                    after = self._state_of(each, after)
                self._jumps[state] = (after,)
            case Alternatives(nodes):
                self._jumps[state] = tuple(self._state_of(each, after) for each in nodes)
            case Repeated(inner, least, most):
                self._jumps[state] = (self._repeated(inner, least, most, after),)
        return state

    def _repeated(self, node: Node, least: int, most: int | None, after: int) -> int:
        if most is None:
            again = self._new()
            self._jumps[again] = (self._state_of(node, again), after)
            after = again
        for _ in range((most or least) - least):
            skip = self._new()
            self._jumps[skip] = (self._state_of(node, after), after)
            after = skip
        for _ in range(least):
            after = self._state_of(node, after)
        return after
