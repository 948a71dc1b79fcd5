"""The served OpenAPI document: the document's names, and every answer as it is described."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.wire.experiment_api import api

pytestmark = pytest.mark.django_db

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
DOCUMENT = "/swagger/experiment_api.json"
COMPONENTS = {
    "Body_create_criterion_api_v1_experiments__experiment_id__criteria_post", "BucketedSample", "BucketedSampleCreate",
    "Experiment", "ExperimentBucket", "ExperimentBucketCreate", "ExperimentCreate", "ExperimentSamplingCondition",
    "ExperimentSamplingConditionCreate", "ExperimentSamplingCriterion", "ExperimentSamplingCriterionCreate",
    "HTTPValidationError", "Service", "ServiceCreate", "ValidationError",
}  # fmt: skip


def test_the_components_have_the_document_s_names() -> None:
    described = api.read(api.get(DOCUMENT))["components"]["schemas"]

    assert set(described) >= COMPONENTS


@pytest.mark.parametrize("name", ["Service", "Experiment", "BucketedSample", "ExperimentBucket"])
def test_a_component_has_its_keys_in_the_document_s_order(name: str) -> None:
    experiment = api.halves()
    answered = {
        "Service": api.service(),
        "Experiment": experiment,
        "BucketedSample": api.sample(experiment, "user123"),
        "ExperimentBucket": api.bucket(experiment, "control", 50),
    }[name]

    described = api.read(api.get(DOCUMENT))["components"]["schemas"][name]

    assert list(described["properties"]) == list(answered)


@pytest.mark.serial
@pytest.mark.django_db(transaction=True)
def test_any_request_is_answered_as_described(live_server: Any) -> None:
    """Lax parsing and the rule of shares contradict the two checks that are left out."""
    contradicted = "negative_data_rejection,positive_data_acceptance"
    options = ["--exclude-checks", contradicted, "--max-examples", "8", "--seed", "1", "--no-color"]

    done = subprocess.run(
        [SCHEMATHESIS, "run", live_server.url + DOCUMENT, *options], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
