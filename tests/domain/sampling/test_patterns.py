"""The patterns of `matches`: what Python's `re` finds, and never longer than the text takes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampling import patterns
from sampling.expressions import Unsupported

ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", "[a-c]", "(a|b)", "(?:ab)", "^", "$", "(a|)", r"\."]
)
REPEATS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])


@st.composite
def sources(draw: st.DrawFn) -> str:
    def repeated() -> str:
        atom = draw(ATOMS)
        return atom if atom in "^$" else atom + draw(REPEATS)

    parts = ["".join(repeated() for _ in range(draw(st.integers(0, 4)))) for _ in range(draw(st.integers(1, 3)))]
    return "|".join(parts)


@settings(max_examples=400, deadline=None)
@given(sources(), st.text(alphabet="abc1.", max_size=8))
def test_a_pattern_finds_what_python_finds(source: str, text: str) -> None:
    assert patterns.Pattern(source).search(text) is bool(re.search(source, text))


@pytest.mark.parametrize("source", ["(a+)+$", "^(a|a)*$", "(a|aa)+$", "a?" * 40 + "a" * 40 + "$", "(.*)*(.*)*b$"])
def test_no_pattern_runs_away(source: str) -> None:
    assert not patterns.compiled(source).search("a" * 999 + "!")


@pytest.mark.parametrize(
    "source",
    [
        "(", ")", "a)", "[a", "*a", "a**", "a{3", "a{x}", "a{3,1}", "a{101}", "(?=a)", "(?P<n>a)", r"(a)\1", r"\b",
        "\\", "a" * 201, "((((a{9}){9}){9}){9})", "(" * 50 + ")" * 50, "[b-a]",
    ],
)  # fmt: skip
def test_what_is_no_pattern_or_needs_more_is_refused(source: str) -> None:
    with pytest.raises(Unsupported):
        patterns.compiled(source)
