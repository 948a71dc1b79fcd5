"""Who was where, and what they saw there: the only writer of `PointMark` and `RepeatedMark`. The first one stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from experiments.identity import new_uid
from experiments.models import Variation
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
    uid: UUID | None = None,
) -> tuple[PointMark, bool]:
    """The mark of a person at a point, and whether this call made it. An existing one is left as it is, for good."""
    row = PointMark(
        uid=uid or new_uid(),
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
    """One meeting of a within-subjects arm. With a uniquifier it is counted once per experiment, however often sent.

    The caller holds the person (`people.lock`).
    """
    experiment = Variation.objects.filter(pk=variation_id).values("experiment_id")
    known = RepeatedMark.objects.filter(mark=mark, uniquifier=uniquifier, variation__experiment__in=experiment)
    found = known.order_by("pk").first() if uniquifier else None
    return found or RepeatedMark.objects.create(
        mark=mark, variation_id=variation_id, uniquifier=uniquifier, marked_at=now
    )


@dataclass(frozen=True, slots=True)
class Brought:
    """A mark that was made elsewhere; `repeats` is the variation that was met, within subjects."""

    user_row_id: int
    site: str
    target: str
    condition: str | None
    experiment_uid: str
    marked_at: datetime
    repeats: int | None = None


def bring(brought: Sequence[Brought], *, fresh: set[tuple[int, str, str]]) -> None:
    """Store many marks that were made elsewhere, in their order; the first at a point stands.

    `fresh` gathers the points that are new to their people. Meetings within subjects are counted only there, so that
    bringing them a second time counts them once.
    """
    firsts: dict[tuple[int, str, str], PointMark] = {}
    for each in brought:
        firsts.setdefault(_place(each), _mark(each))
    PointMark.objects.bulk_create(firsts.values(), ignore_conflicts=True)
    people = {each.user_row_id for each in brought}
    stored = {
        (row.user_id, row.site, row.target): row
        for row in PointMark.objects.filter(user_id__in=people, site__in={each.site for each in brought})
    }
    fresh |= {place for place, row in firsts.items() if stored[place].uid == row.uid}
    RepeatedMark.objects.bulk_create(
        RepeatedMark(mark=stored[_place(each)], variation_id=each.repeats, marked_at=each.marked_at)
        for each in brought
        if each.repeats is not None and _place(each) in fresh
    )


def _place(brought: Brought) -> tuple[int, str, str]:
    return brought.user_row_id, brought.site, brought.target


def _mark(brought: Brought) -> PointMark:
    return PointMark(
        user_id=brought.user_row_id,
        site=brought.site,
        target=brought.target,
        condition=brought.condition,
        experiment_uid=brought.experiment_uid,
        status="condition applied",
        marked_at=brought.marked_at,
    )


def of_experiment(*, experiment_uid: str, user_ids: Sequence[str]) -> dict[str, list[PointMark]]:
    """The marks of these people that belong to an experiment, by person, in their order."""
    rows = PointMark.objects.filter(experiment_uid=experiment_uid, user__external_id__in=user_ids)
    found: dict[str, list[PointMark]] = {}
    for row in rows.select_related("user").order_by("marked_at", "pk"):
        found.setdefault(row.user.external_id, []).append(row)
    return found


def repeats_of(*, experiment_id: int, user_ids: Sequence[str]) -> dict[str, list[RepeatedMark]]:
    """Every meeting of these people within subjects in an experiment, by person and point, in their order."""
    rows = RepeatedMark.objects.filter(variation__experiment_id=experiment_id, mark__user__external_id__in=user_ids)
    found: dict[str, list[RepeatedMark]] = {}
    for row in rows.select_related("mark__user").order_by("mark__marked_at", "mark_id", "pk"):
        found.setdefault(row.mark.user.external_id, []).append(row)
    return found
