"""The members of a segment, many at a time: people by their id, groups by their type and id."""

from collections.abc import Iterable

from django.db import transaction

from experiments.errors import Invalid
from experiments.models import Segment, SegmentMember

USER = "user"
LONGEST_ID = 255
LONGEST_TYPE = 64
AT_ONCE = 1000

Unit = tuple[str, str]


def read(text: str) -> list[Unit]:
    """One member per line, `id` or `type: id`, as (type, id). Raises Invalid with the line that cannot be one."""
    lines = [line.strip() for line in text.splitlines()]
    return [_unit(line) for line in dict.fromkeys(lines) if line]


def _unit(line: str) -> Unit:
    kind, colon, name = line.partition(": ")
    kind, name = (kind.strip(), name.strip()) if colon else (USER, line)
    if not name or not kind or len(name) > LONGEST_ID or len(kind) > LONGEST_TYPE:
        raise Invalid(f'"{line[:60]}" is not a member: write an id of at most {LONGEST_ID} characters, or type: id')
    return kind, name


def add(*, segment: Segment, units: Iterable[Unit]) -> int:
    """Put these into the segment; who is in it already stays. Answers how many came in."""
    rows = [SegmentMember(segment=segment, unit_type=kind, unit_id=name) for kind, name in units]
    with transaction.atomic():
        before = segment.members.count()
        SegmentMember.objects.bulk_create(rows, ignore_conflicts=True, batch_size=AT_ONCE)
        return segment.members.count() - before


def with_groups(segment_ids: Iterable[int]) -> frozenset[int]:
    """Those of these segments in which groups are listed. One query."""
    rows = SegmentMember.objects.filter(segment_id__in=list(segment_ids)).exclude(unit_type="user")
    return frozenset(rows.order_by("segment_id").values_list("segment_id", flat=True).distinct())
