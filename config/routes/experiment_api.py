"""Every route of this dialect, in the document's order; below them those the document lacks, then every stray path."""

from django.urls import path, re_path

from config.wire.experiment_api.doors import stray
from experiments.api.experiment_api import Buckets, Experiments, Health, Services
from sampling.api.experiment_api import Conditions, Criteria, Samples

urlpatterns = [
    path("api/v1/services", Services.as_view({"post": "create", "get": "list"})),
    path("api/v1/services/<str:service_id>", Services.as_view({"get": "retrieve", "delete": "destroy"})),
    path("api/v1/services/<str:service_id>/experiments", Experiments.as_view({"post": "create", "get": "list"})),
    path("api/v1/experiments/<str:experiment_id>/criteria", Criteria.as_view({"post": "create", "get": "list"})),
    path("api/v1/criteria/<str:criterion_id>/conditions", Conditions.as_view({"post": "create", "get": "list"})),
    path("api/v1/experiments/<str:experiment_id>/buckets", Buckets.as_view({"post": "create", "get": "list"})),
    path("api/v1/experiments/<str:experiment_id>/samples", Samples.as_view({"post": "create", "get": "list"})),
    path(
        "api/v1/experiments/<str:experiment_id>/samples/<str:sample_id>/complete",
        Samples.as_view({"post": "complete"}),
    ),
    path("health", Health.as_view({"get": "retrieve"})),
    path(
        "api/v1/services/<str:service_id>/experiments/<str:experiment_id>", Experiments.as_view({"delete": "destroy"})
    ),
    path("api/v1/experiments/<str:experiment_id>/criteria/<str:criterion_id>", Criteria.as_view({"delete": "destroy"})),
    path("health/", stray),
    re_path(r"^api/v1(?:/|$)", stray),
]
