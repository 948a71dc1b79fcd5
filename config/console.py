"""The admin site: its name, and its index grouped the way a researcher looks for things."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse

# Title → models, in the order in which they are shown. What is not named here comes last, under its app's name.
GROUPS: dict[str, tuple[str, ...]] = {
    "Experiments": ("experiments.Project", "experiments.Experiment", "experiments.ExclusionGroup"),
    "Flags": ("features.Flag", "features.UserBlock"),
    "For whom": (
        "experiments.Segment",
        "experiments.SegmentMember",
        "experiments.Attribute",
        "sampling.Criterion",
        "users.PreviewUser",
        "users.StratumValue",
    ),
    "What is measured": ("events.EventDefinition", "events.Metric"),
    "People in experiments": (
        "users.ExperimentUser",
        "users.Assignment",
        "users.Exclusion",
        "users.PointMark",
        "users.UserProfile",
        "sampling.Sample",
    ),
    "What happened": ("events.Event", "events.Exposure", "events.MetricLog", "events.Quarantine"),
    "Who may log in or ask": ("auth.User", "auth.Group", "experiments.ApiClient"),
}


# What a model is called where its own name says too little.
NAMES = {
    "events.EventDefinition": "Events to track",
    "events.MetricLog": "Logged metrics",
    "events.Quarantine": "Refused rows",
    "experiments.ApiClient": "API clients",
    "experiments.SegmentMember": "Members of segments",
    "features.UserBlock": "Test Lab's user blocks",
    "sampling.Criterion": "Sampling criteria",
    "users.ExperimentUser": "People",
    "users.PointMark": "Marks at decision points",
    "users.StratumValue": "Stratification factors",
    "users.UserProfile": "Saved profiles",
}


# Whatever a client's text may hold, a page of the admin runs and loads nothing but its own files.
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def policed(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the admin's pages carry a content security policy; no client of a dialect reads one."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith("/admin/"):
            response.headers["Content-Security-Policy"] = POLICY
        return response

    return middleware


class Console(AdminSite):
    site_header = "Arbiter"
    site_title = "Arbiter"
    index_title = "Experiments, flags and the people in them"
    site_url = None
    empty_value_display = "–"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        return apps if app_label else _grouped(apps)


def _grouped(apps: list[Any]) -> list[Any]:
    models = {f"{app['app_label']}.{row['object_name']}": (app, row) for app in apps for row in app["models"]}
    for label, (_, row) in models.items():
        row["name"] = NAMES.get(label, row["name"])
    groups = []
    for title, labels in GROUPS.items():
        found = [models.pop(label) for label in labels if label in models]
        if found:
            groups.append({**found[0][0], "name": title, "models": [row for _, row in found]})
    rest = {id(row) for _, row in models.values()}
    others = [{**app, "models": [row for row in app["models"] if id(row) in rest]} for app in apps]
    return groups + [app for app in others if app["models"]]
