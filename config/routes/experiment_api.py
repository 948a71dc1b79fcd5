"""Every route of this dialect, in the document's order; below them those the document lacks, then every stray path."""

from django.urls import path, re_path

from config.wire.experiment_api.doors import stray
from experiments.api.experiment_api.buckets import Buckets
from experiments.api.experiment_api.experiments import Experiments
from experiments.api.experiment_api.services import Health, Services
from sampling.api.experiment_api.allocation import Allocation
from sampling.api.experiment_api.criteria import Conditions, Criteria
from sampling.api.experiment_api.reports import Reports
from sampling.api.experiment_api.samples import Samples

EXPERIMENT = "api/v1/experiments/<str:experiment_id>"

urlpatterns = [
    path("api/v1/services", Services.as_view({"post": "create", "get": "list"})),
    path(
        "api/v1/services/<str:service_id>",
        Services.as_view({"get": "retrieve", "delete": "destroy", "patch": "partial_update"}),
    ),
    path("api/v1/services/<str:service_id>/experiments", Experiments.as_view({"post": "create", "get": "list"})),
    path(f"{EXPERIMENT}/criteria", Criteria.as_view({"post": "create", "get": "list"})),
    path("api/v1/criteria/<str:criterion_id>/conditions", Conditions.as_view({"post": "create", "get": "list"})),
    path(f"{EXPERIMENT}/buckets", Buckets.as_view({"post": "create", "get": "list"})),
    path(f"{EXPERIMENT}/samples", Samples.as_view({"post": "create", "get": "list"})),
    path(
        f"{EXPERIMENT}/samples/<str:sample_id>/complete",
        Samples.as_view({"post": "complete"}),
    ),
    path("health", Health.as_view({"get": "retrieve"})),
    path(
        "api/v1/services/<str:service_id>/experiments/<str:experiment_id>", Experiments.as_view({"delete": "destroy"})
    ),
    path(f"{EXPERIMENT}/criteria/<str:criterion_id>", Criteria.as_view({"delete": "destroy"})),
    path(EXPERIMENT, Experiments.as_view({"get": "retrieve", "patch": "partial_update"})),
    path(f"{EXPERIMENT}/buckets/<path:bucket_name>", Buckets.as_view({"patch": "partial_update", "delete": "destroy"})),
    path(
        "api/v1/criteria/<str:criterion_id>/conditions/<str:condition_id>",
        Conditions.as_view({"patch": "partial_update", "delete": "destroy"}),
    ),
    path(f"{EXPERIMENT}/samples/stats", Reports.as_view({"get": "stats"})),
    path(f"{EXPERIMENT}/samples/export", Reports.as_view({"get": "export"})),
    path(f"{EXPERIMENT}/samples/<str:sample_id>", Samples.as_view({"get": "retrieve", "delete": "destroy"})),
    path(f"{EXPERIMENT}/check", Reports.as_view({"get": "check"})),
    path(f"{EXPERIMENT}/evaluate", Allocation.as_view({"post": "evaluate"})),
    path(f"{EXPERIMENT}/allocate", Allocation.as_view({"post": "allocate"})),
    path(f"{EXPERIMENT}/allocate/batch", Allocation.as_view({"post": "allocate_many"})),
    path("health/", stray),
    re_path(r"^api/v1(?:/|$)", stray),
]
