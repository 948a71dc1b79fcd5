"""Weights as clients write them: every split that a person would call whole adds up to 1 (testlab contract §2.3)."""

from decimal import Decimal
from itertools import combinations

import pytest

from experiments.errors import Invalid
from features.authoring import WantedVariant, weigh


def _weighed(parts: list[int], of: int) -> tuple[Decimal, ...]:
    """As JSON brings them: a number becomes the decimal of how it is written."""
    return weigh([WantedVariant(value=f"arm {part}", weight=Decimal(repr(part / of))) for part in parts])


def _splits(of: int, number: int) -> list[list[int]]:
    """Every way to cut `of` into `number` parts of at least 1."""
    cuts = combinations(range(1, of), number - 1)
    return [[end - start for start, end in zip((0, *cut), (*cut, of), strict=True)] for cut in cuts]


@pytest.mark.parametrize(("of", "number", "splits"), [(100, 2, 99), (100, 3, 4851), (20, 5, 3876)])
def test_every_whole_split_is_accepted_and_kept_exactly(of: int, number: int, splits: int) -> None:
    found = _splits(of, number)

    assert len(found) == splits
    for parts in found:
        assert _weighed(parts, of) == tuple(Decimal(part) / of for part in parts)


@pytest.mark.parametrize("number", range(1, 30))
def test_equal_parts_add_up_exactly(number: int) -> None:
    weights = weigh([WantedVariant(value=str(position)) for position in range(number)])

    assert sum(weights) == 1
    assert max(weights) - min(weights) < Decimal("1e-10")


@pytest.mark.parametrize("off", [1, -1, 50])
def test_what_does_not_add_up_is_refused(off: int) -> None:
    with pytest.raises(Invalid, match="add up to"):
        _weighed([50, 25, 25 + off], 100)
