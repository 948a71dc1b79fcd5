"""Single conditions: types are not mixed, unknown is not false, versions compare as the Agent compares them."""

import pytest

from decisions.engine import matching, semver, variables
from decisions.engine.model import Leaf, Variable

NOBODY: frozenset[str] = frozenset()


def ask(match: str, value: object, attribute: object, segments: frozenset[str] = NOBODY) -> bool | None:
    return matching.match(Leaf("name", "custom_attribute", match, value), {"name": attribute}, segments)


@pytest.mark.parametrize(
    ("match", "value", "attribute", "expected"),
    [
        ("exact", 1, True, None),
        ("exact", True, 1, None),
        ("exact", 1, 1.0, True),
        ("exact", 2**53, 2**53 + 1, True),
        ("exact", [1], [1], None),
        ("exact", None, "x", None),
        ("gt", 0, 10**400, True),
        ("lt", 0, -(10**400), True),
        ("gt", True, 5, None),
        ("substring", "", "x", True),
        ("substring", "B", "abc", False),
        ("exists", None, 0, True),
        ("exists", None, None, False),
        ("qualified", 5, "x", None),
    ],
)
def test_condition(match: str, value: object, attribute: object, expected: bool | None) -> None:
    assert ask(match, value, attribute) is expected


def test_qualified_needs_no_attribute() -> None:
    assert ask("qualified", "vip", None, frozenset({"vip"})) is True
    assert ask("qualified", "vip", None) is False


@pytest.mark.parametrize(
    ("user", "target", "order"),
    [
        ("2.9", "2", 0),
        ("2.1", "2.1.3", -1),
        ("2-1", "2.1.3", 1),
        ("2.1.3", "2.1.3-beta", -1),
        ("2.1.3-beta", "2.1.3", -1),
        ("2.1.3-rc", "2.1.3-beta", 1),
        ("2.1.3+b", "2.1.3-z", 1),
        ("2.1.3-z", "2.1.3+b", -1),
        ("2.1.3+build8", "2.1.3+build7", 1),
        ("2.1.3-1", "2.1.3-beta", -1),
        ("2.10", "2.9", 1),
        ("02.1", "2.1", 0),
    ],
)
def test_version_order(user: str, target: str, order: int) -> None:
    one, other = semver.parse(user), semver.parse(target)

    assert one is not None
    assert other is not None
    assert semver.compare(one, other) == order


@pytest.mark.parametrize("text", ["", " 1", "1.2.3.4", "1..2", "-beta", "+b", "1.x", "²", "9" * 5000])
def test_not_a_version(text: str) -> None:
    assert semver.parse(text) is None


@pytest.mark.parametrize(
    ("kind", "text", "value", "rendered"),
    [
        ("boolean", "T", True, b"true"),
        ("integer", "+007", 7, b"7"),
        ("integer", "9007199254740993", 9007199254740993, b"9007199254740993"),
        ("double", "1e3", 1000.0, b"1000"),
        ("double", "0x1p-2", 0.25, b"0.25"),
        ("double", ".5", 0.5, b"0.5"),
        ("string", "", "", b'""'),
        ("date", "2020-01-01", "2020-01-01", b'"2020-01-01"'),
        ("json", "null", None, b"null"),
        ("json", '{"b":1.0,"a":10000000000000000000000}', {"b": 1.0, "a": 10**22}, b'{"a":1e+22,"b":1}'),
    ],
)
def test_variable_is_cast(kind: str, text: str, value: object, rendered: bytes) -> None:
    assert variables.cast(Variable("1", "k", kind, ""), text) == variables.Cast(value, rendered, True)


@pytest.mark.parametrize(
    ("kind", "text", "rendered"),
    [
        ("boolean", "yes", b"false"),
        ("integer", "1.5", b"0"),
        ("integer", "9223372036854775808", b"0"),
        ("integer", "٣", b"0"),
        ("integer", "9" * 5000, b"0"),
        ("double", "inf", b"0"),
        ("double", "1e400", b"0"),
        ("double", "0x1", b"0"),
        ("double", "0x1p9999", b"0"),
        ("double", " 5", b"0"),
        ("json", "[1]", b"null"),
        ("json", "{", b"null"),
        ("json", '{"a":NaN}', b"null"),
        ("json", '{"a":1e400}', b"null"),
        ("json", '{"a":' * 5000 + "1" + "}" * 5000, b"null"),
    ],
)
def test_variable_that_cannot_be_cast_is_marked(kind: str, text: str, rendered: bytes) -> None:
    cast = variables.cast(Variable("1", "k", kind, ""), text)

    assert (cast.rendered, cast.is_valid) == (rendered, False)
