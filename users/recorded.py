"""Test Lab's users: the live assignments of a project, one row per user and variant (testlab contract §2.4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_interface

from django.db.models import Count, Max, QuerySet

from experiments.errors import Invalid
from users.assignments import USER
from users.models import Assignment

LONGEST_ID = 255
NO_ADDRESS = "0.0.0.0"


@dataclass(frozen=True, slots=True)
class Recorded:
    """`row_id` orders the rows; `id` is the user's own."""

    row_id: int
    id: str
    variation_id: int
    ip_address: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows there are and which is the last: two of the same extent are the same list, deletions aside."""

    number: int
    last: int


def check_id(user_id: str) -> None:
    """Raise Invalid for a user id that cannot be stored."""
    if len(user_id) > LONGEST_ID or "\x00" in user_id:
        raise Invalid(f"a user id has at most {LONGEST_ID} characters and no NUL", field="id")


def is_known(*, project_id: int, user_id: str) -> bool:
    """Whether the project recorded anything of this person."""
    rows = Assignment.objects.filter(unit_type=USER, unit_id=user_id, experiment__project_id=project_id)
    return rows.exists()


def kept_address(address: str, *, policy: str) -> str:
    """What is kept of an IP address: all of it, its network (/24 or /48), or nothing."""
    if policy == "drop":
        return ""
    if policy == "truncate":
        found = ip_interface(address)
        prefix = min(found.network.prefixlen, 24 if found.version == 4 else 48)
        return str(ip_interface(f"{found.ip}/{prefix}").network)
    return address


def newest() -> int:
    """The last row of any project: one look at the index of the rows' ids."""
    return Assignment.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def extent(*, project_id: int) -> Extent:
    found = _live(project_id).aggregate(number=Count("pk"), last=Max("pk"))
    return Extent(found["number"], found["last"] or 0)


def listed(
    *,
    project_id: int,
    after: int = 0,
    since: datetime | None = None,
    feature_id: int | None = None,
    limit: int | None = None,
) -> Iterator[Recorded]:
    """Rows by id, from `after` on and not recorded before `since`."""
    rows = _live(project_id).filter(pk__gt=after)
    rows = rows if since is None else rows.filter(assigned_at__gte=since)
    rows = rows if feature_id is None else rows.filter(experiment__flag_rules__flag_id=feature_id)
    columns = rows.order_by("pk").values_list("pk", "unit_id", "variation_id", "ip_address", "assigned_at")
    for row_id, user_id, variation_id, ip_address, recorded_at in columns[:limit].iterator(chunk_size=2000):
        yield Recorded(row_id, user_id, variation_id, ip_address, recorded_at)


def _live(project_id: int) -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        experiment__project_id=project_id, unit_type=USER, variation__isnull=False, ended_at__isnull=True
    )
