"""Whatever happens to buckets, a sample never moves, and its entity keeps its arm in every dialect."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from decisions import deciding, lifecycle, snapshots
from decisions.engine import Subject
from experiments import buckets, services
from experiments.errors import Invalid
from experiments.models import Experiment, Project
from experiments.selectors import comparison
from sampling import allocating, sampling
from sampling.allocating import Candidate
from sampling.models import Sample
from tests import builders

pytestmark = pytest.mark.django_db

ENTITIES = [f"user{number}" for number in range(6)]
NAMES = ["a", "b", "c"]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("share"), st.sampled_from(NAMES), st.sampled_from([0, 30, 50, 70, 100])),
        st.tuples(st.just("fill"), st.sampled_from(NAMES)),
        st.tuples(st.just("active"), st.booleans()),
        st.tuples(st.just("chosen"), st.sampled_from(ENTITIES), st.sampled_from(NAMES)),
        st.tuples(st.just("ours"), st.sampled_from(ENTITIES), st.sampled_from(["US", "DE"])),
        st.tuples(st.just("batch")),
    ),
    min_size=6,
    max_size=25,
)


class _Story:
    """An experiment to which anything may happen, and what was told of its samples when they were first stored."""

    def __init__(self) -> None:
        self.service = services.open_service(name="Shop", active=True)
        made = services.add_experiment(service=self.service, name="Button", active=True, starts_at=None)
        self.uid = made.uid
        self.now = builders.NOW
        self.told: dict[tuple[str, str], str] = {}
        for name in NAMES[:2]:
            self.share(name, 50)

    @property
    def experiment(self) -> Experiment:
        return comparison(uid=self.uid)

    def share(self, name: str, percentage: int) -> None:
        with lifecycle.publishing(project=self.service, now=self.now):
            buckets.put(experiment=self.experiment, name=name, percentage=percentage)

    def fill(self, name: str) -> None:
        """Give a bucket all that the others leave."""
        others = [arm.weight for arm in buckets.of(experiment=self.experiment) if arm.key != name]
        self.share(name, 100 - round(sum(others) * 100))

    def active(self, active: bool) -> None:
        with lifecycle.publishing(project=self.service, now=self.now):
            lifecycle.set_active(experiment=self.experiment, active=active, now=self.now)

    def chosen(self, entity: str, name: str) -> None:
        self._note(sampling.record(experiment=self.experiment, entity=entity, value="US", bucket=name, now=self.now))

    def ours(self, entity: str, value: str) -> None:
        self._note(sampling.record(experiment=self.experiment, entity=entity, value=value, bucket="", now=self.now))

    def batch(self) -> None:
        candidates = [Candidate(entity, "FR") for entity in ENTITIES]
        for allocation in allocating.allocate(experiment=self.experiment, candidates=candidates, now=self.now):
            if allocation.sample is not None:
                self._note(allocation.sample)

    def _note(self, sample: Any) -> None:
        assert self.told.setdefault((sample.entity, sample.value), sample.bucket) == sample.bucket

    def check(self) -> None:
        stored = {(row.entity, row.value): row for row in Sample.objects.filter(experiment=self.experiment)}
        assert {key: row.bucket for key, row in stored.items()} == self.told
        snapshot = snapshots.for_project(Project.objects.get(pk=self.service.pk).pk)
        seen = snapshot.experiments.get(self.experiment.pk)
        for (entity, _), row in stored.items():
            if seen is not None and row.assignment is not None:
                arm = deciding.arm(snapshot, seen, Subject(entity, {}))
                assert arm is not None
                assert arm.key == row.bucket


@settings(max_examples=12, deadline=timedelta(seconds=30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
@example([("batch",), ("share", "a", 0), ("fill", "b")])
@example([("batch",), ("active", False), ("share", "a", 0), ("fill", "b"), ("active", True)])
def test_sticky_samples_never_move(steps: list[tuple[Any, ...]]) -> None:
    story = _Story()

    for name, *arguments in steps:
        try:
            getattr(story, name)(*arguments)
        except Invalid:  # a share too large, a bucket that is not there, nothing to choose from
            continue
        story.check()
