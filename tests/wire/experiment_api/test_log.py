"""What lands in the one log of events: every new sample as an exposure, every completion and outcome as an event."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from events.models import Event, Exposure
from experiments.models import Experiment, Variation
from sampling.models import Sample
from tests.wire.experiment_api import api
from users.models import Assignment, ExperimentUser, UserAlias

pytestmark = pytest.mark.django_db


def _complete(sample: dict[str, Any], **body: Any) -> None:
    path = f"/api/v1/experiments/{sample['experiment_id']}/samples/{sample['id']}/complete"
    api.read(api.post(path, body or None))


def _exposures() -> list[tuple[Any, ...]]:
    rows = Exposure.objects.order_by("id")
    return list(rows.values_list("source", "user_id", "variation_key", "variation_id"))


def test_a_sample_is_an_exposure_once() -> None:
    made = api.halves()
    sample = api.sample(made, "ann", "treatment")
    api.sample(made, "ann", "treatment")

    exposure = Exposure.objects.get()
    experiment, arm = Experiment.objects.get(), Variation.objects.get(key="treatment")
    assert (exposure.project_id, exposure.experiment_id, exposure.variation_id) == (
        experiment.project_id,
        experiment.pk,
        arm.pk,
    )
    assert (exposure.source, exposure.user_id, exposure.rule_key) == ("experiment_api", "ann", "Button")
    assert exposure.payload == {"sample_id": sample["id"], "sampled_value": "US"}


def test_a_bucket_that_is_none_of_ours_is_told_by_its_name() -> None:
    api.sample(api.experiment(), "ann", "made-up")

    assert _exposures() == [("experiment_api", "ann", "made-up", None)]


def test_what_was_shown_is_told_though_another_arm_is_remembered() -> None:
    made = api.halves()
    api.sample(made, "ann", "control", value="US")

    api.sample(made, "ann", "treatment", value="DE")

    arms = dict(Variation.objects.values_list("key", "pk"))
    assert [row[2:] for row in _exposures()] == [("control", arms["control"]), ("treatment", arms["treatment"])]


def test_an_alias_is_told_as_its_person() -> None:
    UserAlias.objects.create(alias="alias", user=ExperimentUser.objects.create(external_id="root"))

    sample = api.sample(api.halves(), "alias")
    _complete(sample)

    assert [row[1] for row in _exposures()] == ["root"]
    assert Event.objects.get().user_id == "root"


def test_who_is_allocated_meets_an_arm_and_who_is_not_does_not() -> None:
    made = api.halves()
    api.criterion(made, api.condition())
    entities = [{"sampled_entity": f"u{n}", "attributes": {"User": {"country": "US"}}} for n in range(5)]
    body = {"entities": [*entities, {"sampled_entity": "stranger"}]}

    for _ in range(2):
        rows = api.read(api.post(f"/api/v1/experiments/{made['id']}/allocate/batch", body))["allocations"]

    told = [(user, bucket) for _, user, bucket, _ in _exposures()]
    assert told == [(row["sampled_entity"], row["allocated_bucket"]) for row in rows[:5]]


def test_a_completion_and_its_outcome_are_events_once() -> None:
    sample = api.sample(api.halves(), "ann", "treatment")

    _complete(sample)
    _complete(sample, outcome=2.5)
    _complete(sample, outcome=9)

    rows = Event.objects.order_by("id").values_list("source", "kind", "key", "value", "variation_id")
    arm = Variation.objects.get(key="treatment").pk
    assert list(rows) == [
        ("experiment_api", "completion", "complete", None, arm),
        ("experiment_api", "completion", "outcome", 2.5, arm),
    ]
    assert Event.objects.latest("id").payload == {
        "sample_id": sample["id"],
        "sampled_value": "US",
        "allocated_bucket": "treatment",
    }


def test_an_exposure_that_cannot_be_written_leaves_no_sample() -> None:
    made = api.halves()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {Exposure._meta.db_table} RENAME TO elsewhere")

    with pytest.raises(DatabaseError):
        api.sample(made, "ann", "treatment")

    assert not Sample.objects.exists()
    assert not Assignment.objects.exists()


def test_an_analyst_exports_them(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    made = api.halves()
    _complete(api.sample(made, "ann", "treatment"), outcome=1)

    call_command("export_events", "--project", "Shop", "--format", "csv")

    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["record", "event", "event", "exposure"]
    assert "Button" in lines[3] and "treatment" in lines[3]
