"""Which experiment a mark at a point is about (upgrade contract §4, steps 2-3). Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from decisions import snapshots
from decisions.compile import Snapshot
from decisions.drawing import assigning
from decisions.engine import seedrandom
from decisions.plans import Plan
from experiments import selectors
from experiments.errors import NotFound
from experiments.models import Experiment
from users.standing import Needs, Place, Standing


@dataclass(frozen=True, slots=True)
class Found:
    """An experiment at a point; `plan` is None when it is neither running, paused nor in preview."""

    uid: str
    experiment_id: int
    codes: frozenset[str]
    snapshot: Snapshot
    plan: Plan | None

    def check_condition(self, code: str | None) -> None:
        """Raise NotFound for a code that is neither a condition nor a payload of the experiment."""
        if code is not None and code not in self.codes:
            raise NotFound("condition", code)


@dataclass(frozen=True, slots=True)
class Points:
    """Everything at one point: `live` as published, oldest first per project."""

    place: Place
    project_key: str | None
    live: tuple[Found, ...]
    needs: Needs

    def choose(self, experiment_uid: str | None, person: Standing, *, now: datetime) -> Found | None:
        """The experiment a mark is about; None when there is none here, or none for this person.

        The one the client names must be at this point, else NotFound. Otherwise it is the one that `assign` gives the
        person here, so that the two agree where experiments share a point; whom it gives another experiment of the
        same pool elsewhere enters none here.
        """
        if experiment_uid is not None:
            return self.live_named(experiment_uid) or self._resting(experiment_uid)
        return self._by_pool(person, now) if self.live else self._resting(None)

    def live_named(self, experiment_uid: str | None) -> Found | None:
        """The live experiment of this id, if it is here."""
        return next((each for each in self.live if each.uid == experiment_uid), None)

    def _by_pool(self, person: Standing, now: datetime) -> Found | None:
        taken: set[int] = set()
        for snapshot in {each.snapshot.project_id: each.snapshot for each in self.live}.values():
            given = {each.plan.id for each in assigning.given_to(snapshot, person, now=now)}
            here = next((each for each in self.live if each.experiment_id in given), None)
            if here is not None:
                return here
            pools = [{snapshot.plans.plans[index].id for index in pool} for pool in snapshot.plans.pools]
            taken = taken.union(*(pool for pool in pools if not pool.isdisjoint(given)))
        free = [each for each in self.live if each.experiment_id not in taken]
        return free[int(seedrandom.draw(person.user_id) * len(free))] if free else None

    def _resting(self, experiment_uid: str | None) -> Found | None:
        """An experiment at this point that nobody is given now: not started, finished or archived."""
        rows = selectors.experiments_at(site=self.place[0], target=self.place[1], project_key=self.project_key)
        if not rows and not self.live:
            return None
        if experiment_uid is None:
            return _found_row(rows[0]) if rows else None
        row = next((row for row in rows if str(row.uid) == experiment_uid.lower()), None)
        if row is None:
            raise NotFound("experiment", experiment_uid)
        return _found_row(row)


def at(site: str, target: str, *, project_key: str | None) -> Points:
    """What is at a point, in one project or in all. Raises NotFound for a project that does not exist."""
    place = (site, target)
    if project_key is None:
        considered: Sequence[Snapshot] = tuple(snapshots.current().by_id.values())
    else:
        named = snapshots.for_key(project_key)
        if named is None or "upgrade" not in named.dialects:
            raise NotFound("context", project_key)
        considered = (named,)
    here = [each for each in considered if place in each.plans.by_place and "upgrade" in each.dialects]
    live = tuple(_found_plan(snapshot, plan) for snapshot in here for plan in snapshot.plans.by_place[place])
    needs = Needs()
    for snapshot in here:
        needs = needs.union(snapshot.plans.needs)
    return Points(place, project_key, live, needs)


def _found_plan(snapshot: Snapshot, plan: Plan) -> Found:
    return Found(plan.uid, plan.id, frozenset().union(*(arm.codes for arm in plan.arms)), snapshot, plan)


def _found_row(row: Experiment) -> Found:
    arms = row.variations.all()
    codes = {arm.key for arm in arms} | {payload.value for arm in arms for payload in arm.payloads.all()}
    return Found(str(row.uid), row.pk, frozenset(codes), snapshots.for_project(row.project_id), None)
