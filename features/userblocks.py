"""Test Lab's twenty 5 % blocks and which experiment each belongs to (testlab contract §2.6).

`plan` is the rule, pure; everything else reads or writes the twenty rows. What counts as a current experiment is
decided by the caller.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from django.db import transaction

from experiments.errors import NotFound
from features.models import UserBlock

NUMBER = 20
NAMES = tuple(str(5 * number) for number in range(1, NUMBER + 1))


@dataclass(frozen=True, slots=True)
class Block:
    id: int
    name: str
    feature_id: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """One current experiment and the share of people it wants. The order of claims is their rank."""

    feature_id: int
    share: Decimal

    @property
    def blocks(self) -> int:
        """How many blocks that share is, rounded up, exactly."""
        return int((self.share * NUMBER).to_integral_value(ROUND_CEILING))


def plan(blocks: Sequence[Block], claims: Sequence[Claim]) -> Mapping[int, int | None]:
    """Which feature each block should have, `{block id: feature id}` for those that must change.

    A block that was given stays given while its experiment wants it. What is stale (no claim stands behind it) or no
    longer wanted is freed; the free ones, lowest id first and the newly freed last, go to the claims in their order.
    """
    wanted = {claim.feature_id: claim.blocks for claim in claims}
    kept: dict[int, list[int]] = {feature_id: [] for feature_id in wanted}
    free: list[int] = []
    freed: list[int] = []
    for block in sorted(blocks, key=lambda block: block.id):
        if block.feature_id is None:
            free.append(block.id)
        elif len(kept.get(block.feature_id, ())) < wanted.get(block.feature_id, 0):
            kept[block.feature_id].append(block.id)
        else:
            freed.append(block.id)
    giving = iter([*free, *freed])
    changes: dict[int, int | None] = dict.fromkeys(freed)
    for feature_id, number in wanted.items():
        missing = number - len(kept[feature_id])
        changes |= {block_id: feature_id for _, block_id in zip(range(missing), giving, strict=False)}
    return changes


def reconcile(*, claims: Sequence[Claim], now: datetime) -> bool:
    """Give the blocks to those who claim them, under a lock; answers whether any block changed hands.

    Two callers at once: the second waits for the rows and finds nothing left to do.
    """
    with transaction.atomic():
        changes = plan(_locked(), claims)
        _write(changes, now)
        return bool(changes)


def give(*, name: str, feature_id: int | None, now: datetime) -> Block:
    """Give one block by hand; whether the feature exists is not checked. Raises NotFound for an unknown name."""
    with transaction.atomic():
        block = next((block for block in _locked() if block.name == name), None)
        if block is None:
            raise NotFound("user-block", name)
        _write({block.id: feature_id}, now)
        return Block(block.id, block.name, feature_id)


def reset(*, now: datetime) -> tuple[Block, ...]:
    """Free every block."""
    with transaction.atomic():
        _write({block.id: None for block in _locked()}, now)
        return every_block()


def every_block() -> tuple[Block, ...]:
    """All twenty, by id."""
    return _made() or _make()


def named(*, name: str) -> Block:
    """One block by its name "5".."100". Raises NotFound."""
    found = next((block for block in every_block() if block.name == name), None)
    if found is None:
        raise NotFound("user-block", name)
    return found


def changes() -> set[datetime]:
    """When blocks changed hands, of each block the last time."""
    rows = UserBlock.objects.exclude(changed_at=None).order_by("id").values_list("changed_at", flat=True)
    return {moment for moment in rows if moment is not None}


def _locked() -> tuple[Block, ...]:
    every_block()
    return _blocks(UserBlock.objects.select_for_update().order_by("id"))


def _made() -> tuple[Block, ...]:
    found = _blocks(UserBlock.objects.order_by("id"))
    return found if len(found) >= NUMBER else ()


def _make() -> tuple[Block, ...]:
    """Make the rows that are missing; ids 1..20 are what SDKs look up (§0.4)."""
    rows = [UserBlock(id=number, name=name) for number, name in enumerate(NAMES, start=1)]
    UserBlock.objects.bulk_create(rows, ignore_conflicts=True)
    return _blocks(UserBlock.objects.order_by("id"))


def _blocks(rows: Iterable[UserBlock]) -> tuple[Block, ...]:
    return tuple(Block(row.pk, row.name, row.feature_id) for row in rows)


def _write(changes: Mapping[int, int | None], now: datetime) -> None:
    for feature_id in set(changes.values()):
        ids = [block_id for block_id, given in changes.items() if given == feature_id]
        UserBlock.objects.filter(pk__in=ids).update(feature_id=feature_id, changed_at=now)
