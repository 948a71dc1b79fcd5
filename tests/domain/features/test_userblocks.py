"""Who gets which user-block: the rule by itself (testlab contract §2.6)."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.userblocks import NUMBER, Block, Claim, plan


def _blocks(**owners: int) -> list[Block]:
    """Twenty blocks, `b3=7` is number 3 held by feature 7."""
    return [Block(number, str(number * 5), owners.get(f"b{number}")) for number in range(1, NUMBER + 1)]


def _after(blocks: list[Block], claims: list[Claim]) -> dict[int, int | None]:
    return {block.id: block.feature_id for block in blocks} | dict(plan(blocks, claims))


def test_the_lowest_free_blocks_come_first_and_the_newly_freed_last() -> None:
    blocks = _blocks(b1=99, b3=99, b5=7)

    after = _after(blocks, [Claim(7, Decimal("0.05")), Claim(8, Decimal("0.9"))])

    assert [number for number, owner in after.items() if owner == 8] == [1, 2, 4, *range(6, 21)]
    assert after[3] is None


def test_nothing_changes_where_nothing_must() -> None:
    assert plan(_blocks(b4=7), [Claim(7, Decimal("0.05"))]) == {}


claims = st.lists(st.integers(0, 100), max_size=8).map(
    lambda percents: [Claim(number, Decimal(percent) / 100) for number, percent in enumerate(percents, start=1)]
)
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
owners = st.lists(st.one_of(st.none(), st.integers(1, 12)), min_size=NUMBER, max_size=NUMBER)


@patient
@given(owners, claims)
def test_blocks_stay_with_their_experiment_and_nobody_waits_while_some_are_free(
    held: list[int | None], wanted: list[Claim]
) -> None:
    blocks = [Block(number, str(number * 5), owner) for number, owner in enumerate(held, start=1)]

    after = _after(blocks, wanted)

    for claim in wanted:
        before = [number for number, owner in enumerate(held, start=1) if owner == claim.feature_id]
        got = [number for number, owner in after.items() if owner == claim.feature_id]
        assert set(before[: claim.blocks]) <= set(got)
        assert len(got) <= claim.blocks
        assert len(got) == claim.blocks or None not in after.values()
    assert set(after.values()) <= {None, *(claim.feature_id for claim in wanted)}


@patient
@given(owners, claims)
def test_a_second_look_finds_nothing_to_do(held: list[int | None], wanted: list[Claim]) -> None:
    blocks = [Block(number, str(number * 5), owner) for number, owner in enumerate(held, start=1)]
    settled = [Block(number, str(number * 5), owner) for number, owner in _after(blocks, wanted).items()]

    assert plan(settled, wanted) == {}
