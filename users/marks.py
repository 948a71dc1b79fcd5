"""Who was where, and what they saw there: the only writer of `PointMark` and `RepeatedMark`. The first one stands."""

from datetime import datetime

from users.models import PointMark, RepeatedMark


def first(
    *,
    user_row_id: int,
    site: str,
    target: str,
    condition: str | None,
    experiment_uid: str | None,
    status: str,
    now: datetime,
) -> tuple[PointMark, bool]:
    """The mark of a person at a point, and whether this call made it. An existing one is left as it is, for good."""
    row = PointMark(
        user_id=user_row_id,
        site=site,
        target=target,
        condition=condition,
        experiment_uid=experiment_uid,
        status=status,
        marked_at=now,
    )
    PointMark.objects.bulk_create([row], ignore_conflicts=True)
    stored = PointMark.objects.get(user_id=user_row_id, site=site, target=target)
    return stored, stored.uid == row.uid


def repeat(*, mark: PointMark, variation_id: int, uniquifier: str, now: datetime) -> RepeatedMark:
    """One meeting of a within-subjects arm. With a uniquifier it is counted once, however often it is sent."""
    row = RepeatedMark(mark=mark, variation_id=variation_id, uniquifier=uniquifier, marked_at=now)
    if not uniquifier:
        row.save()
        return row
    RepeatedMark.objects.bulk_create([row], ignore_conflicts=True)
    return RepeatedMark.objects.get(mark=mark, uniquifier=uniquifier)
