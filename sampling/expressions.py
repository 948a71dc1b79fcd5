"""From a pattern's text to its tree. How a tree is matched is in `sampling.patterns`."""

from collections.abc import Callable
from dataclasses import dataclass

LONGEST = 200
MOST_NESTED = 20
MOST_REPEATED = 100
SPECIAL = "*+?{|)"

Test = Callable[[str], bool]


class Unsupported(ValueError):
    """Not a pattern, or beyond what is understood here."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One sign that passes a test."""

    test: Test


@dataclass(frozen=True, slots=True)
class Start:
    """Before the first sign."""


@dataclass(frozen=True, slots=True)
class End:
    """Behind the last sign."""


@dataclass(frozen=True, slots=True)
class Sequence:
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """`most` None is without end."""

    node: "Node"
    least: int
    most: int | None


Node = OneOf | Start | End | Sequence | Alternatives | Repeated


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


def _not(test: Test) -> Test:
    return lambda sign: not test(sign)


CLASSES: dict[str, Test] = {
    "d": str.isdecimal,
    "D": _not(str.isdecimal),
    "w": _is_word,
    "W": _not(_is_word),
    "s": str.isspace,
    "S": _not(str.isspace),
}
PLAIN: dict[str, Node] = {".": OneOf("\n".__ne__), "^": Start(), "$": End()}
SIGNS = {"n": "\n", "r": "\r", "t": "\t"}
QUANTIFIERS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def parse(source: str) -> Node:
    """Raises Unsupported."""
    if len(source) > LONGEST:
        raise Unsupported("too long a pattern")
    parser = _Parser(source)
    node = parser.alternatives(0)
    if parser.rest:
        raise Unsupported("a ) without its (")
    return node


class _Parser:
    def __init__(self, source: str) -> None:
        self.rest = source

    def take(self) -> str:
        if not self.rest:
            raise Unsupported("an unfinished pattern")
        sign, self.rest = self.rest[0], self.rest[1:]
        return sign

    def accept(self, text: str) -> bool:
        found = self.rest.startswith(text)
        if found:
            self.rest = self.rest[len(text) :]
        return found

    def alternatives(self, depth: int) -> Node:
        if depth > MOST_NESTED:
            raise Unsupported("too many nested groups")
        nodes = [self.sequence(depth)]
        while self.accept("|"):
            nodes.append(self.sequence(depth))
        return nodes[0] if len(nodes) == 1 else Alternatives(tuple(nodes))

    def sequence(self, depth: int) -> Node:
        nodes: list[Node] = []
        while self.rest and self.rest[0] not in "|)":
            nodes.append(self.repeated(depth))
        return Sequence(tuple(nodes))

    def repeated(self, depth: int) -> Node:
        node = self.atom(depth)
        bounds = self.bounds()
        if bounds is None:
            return node
        self.accept("?")  # a lazy one finds the same
        if self.rest[:1] in tuple("*+?{"):
            raise Unsupported("a repeated repetition")
        return Repeated(node, *bounds)

    def bounds(self) -> tuple[int, int | None] | None:
        if self.rest[:1] in QUANTIFIERS:
            return QUANTIFIERS[self.take()]
        if not self.accept("{"):
            return None
        text, closed, self.rest = self.rest.partition("}")
        least, comma, most = text.partition(",")
        if not closed or not _is_count(least) or (most and not _is_count(most)):
            raise Unsupported("{ without a number and }")
        high = int(least) if not comma else int(most) if most else None
        if high is not None and high < int(least):
            raise Unsupported("{m,n} with m above n")
        return int(least), high

    def atom(self, depth: int) -> Node:
        sign = self.take()
        if sign == "(":
            return self.group(depth)
        if sign == "[":
            return OneOf(self.set())
        if sign == "\\":
            return OneOf(self.escaped())
        if sign in SPECIAL:
            raise Unsupported(f"{sign} with nothing before it")
        return PLAIN.get(sign) or OneOf(sign.__eq__)

    def group(self, depth: int) -> Node:
        if self.rest.startswith("?") and not self.accept("?:"):
            raise Unsupported("a special group")
        node = self.alternatives(depth + 1)
        if not self.accept(")"):
            raise Unsupported("a ( without its )")
        return node

    def escaped(self) -> Test:
        sign = self.take()
        if sign in CLASSES:
            return CLASSES[sign]
        if sign.isalnum() and sign not in SIGNS:
            raise Unsupported(f"\\{sign} is not understood")
        return SIGNS.get(sign, sign).__eq__

    def set(self) -> Test:
        negated = self.accept("^")
        tests: list[Test] = []
        while not tests or not self.rest.startswith("]"):
            tests.append(self.member())
        self.take()
        chosen = tuple(tests)

        def holds(sign: str) -> bool:
            return any(test(sign) for test in chosen) is not negated

        return holds

    def member(self) -> Test:
        """One sign, class or range of a set."""
        low = self.take()
        if low == "\\":
            return self.escaped()
        if len(self.rest) > 1 and self.rest[0] == "-" and self.rest[1] != "]":
            self.take()
            high = self.take()
            if high == "\\" or high < low:
                raise Unsupported("a range that is none")
            return lambda sign: low <= sign <= high
        return low.__eq__


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= MOST_REPEATED
