"""Many at once, with real threads: one sample per entity, one arm, never more than 100 percent, never a 500."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection

from events.models import Event, Exposure
from experiments.models import Variation
from sampling.models import Sample
from tests.wire.experiment_api import api
from users.models import Assignment

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8
ENTITIES = [f"user{number}" for number in range(2000)]


def _at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    def alone(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(alone, calls))


def _batch(experiment: dict[str, Any], entities: Sequence[str]) -> dict[str, str]:
    body = {"entities": [{"sampled_entity": entity, "sampled_value": "US"} for entity in entities]}
    rows = api.read(api.post(f"/api/v1/experiments/{experiment['id']}/allocate/batch", body))["allocations"]
    return {row["sampled_entity"]: row["sample"]["id"] for row in rows}


def test_allocations_of_one_entity_give_one_sample() -> None:
    made = api.halves()
    path, body = f"/api/v1/experiments/{made['id']}/allocate", {"sampled_entity": "ann", "sampled_value": "US"}

    answers = _at_once([lambda: api.read(api.post(path, body))] * THREADS)

    assert all(answer == answers[0] for answer in answers)
    assert Sample.objects.count() == Assignment.objects.count() == Exposure.objects.count() == 1


def test_clients_that_choose_differently_hear_the_same_bucket() -> None:
    made = api.halves()
    chosen = ["control", "treatment"] * (THREADS // 2)

    answers = _at_once([partial(api.sample, made, "ann", bucket) for bucket in chosen])

    assert all(answer == answers[0] for answer in answers)
    assert Sample.objects.get().assignment is not None


def test_batches_of_the_same_people_in_other_orders_agree() -> None:
    made = api.halves()
    orders = [ENTITIES, ENTITIES[::-1], ENTITIES[1000:] + ENTITIES[:1000], sorted(ENTITIES)]

    answers = _at_once([partial(_batch, made, order) for order in orders])

    assert all(answer == answers[0] for answer in answers)
    assert Sample.objects.count() == Assignment.objects.count() == Exposure.objects.count() == len(ENTITIES)


def test_shares_never_exceed_100_in_sum() -> None:
    made = api.experiment()
    path = f"/api/v1/experiments/{made['id']}/buckets"
    bodies = [{"bucket_name": f"b{number}", "percentage_distribution": 30} for number in range(THREADS)]

    answers = [answer.status_code for answer in _at_once([partial(api.post, path, body) for body in bodies])]

    assert sorted(answers) == [200] * 3 + [422] * (THREADS - 3)
    assert sum(arm.weight for arm in Variation.objects.all()) * 100 == 90


def test_the_same_bucket_posted_at_once_is_one_bucket() -> None:
    made = api.experiment()

    _at_once([lambda: api.bucket(made, "control", 60)] * THREADS)

    assert [(arm.key, arm.position) for arm in Variation.objects.all()] == [("control", 0)]


def test_a_sample_is_completed_once() -> None:
    made = api.halves()
    sample = api.sample(made, "ann", "control")
    path = f"{api.samples_of(made)}/{sample['id']}/complete"

    answers = _at_once([lambda: api.read(api.post(path, {"outcome": 1}))["completed_at"] for _ in range(THREADS)])

    assert len(set(answers)) == 1
    assert sorted(Event.objects.values_list("key", flat=True)) == ["complete", "outcome"]


def test_what_is_deleted_meanwhile_is_missed_not_broken() -> None:
    made = api.halves()

    def allocate(part: int) -> int:
        entities = [{"sampled_entity": f"{part}-{number}"} for number in range(200)]
        return api.post(f"/api/v1/experiments/{made['id']}/allocate/batch", {"entities": entities}).status_code

    def delete(_: int) -> int:
        return api.call("DELETE", f"/api/v1/services/{made['service_id']}/experiments/{made['id']}").status_code

    answers = _at_once([partial(act, number) for number, act in enumerate([allocate] * 3 + [delete] + [allocate] * 3)])

    assert answers[3] == 202
    assert set(answers) <= {200, 202, 404, 409}
    assert not Sample.objects.exists()
