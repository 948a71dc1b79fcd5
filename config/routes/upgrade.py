"""UpGrade's client API, v5 and v6: every documented route in the document's order, then the undocumented ones."""

from django.urls import URLPattern, path, re_path

from config.wire.upgrade.door import Nowhere
from decisions.api.upgrade import Decisions
from events.api.upgrade import Logs
from users.api.upgrade import People

urlpatterns: list[URLPattern] = [
    path("api/v5/init", People.as_view({"post": "init"})),
    path("api/v5/groupmembership", People.as_view({"patch": "group_membership"})),
    path("api/v5/workinggroup", People.as_view({"patch": "working_group"})),
    path("api/v5/mark", Decisions.as_view({"post": "mark"})),
    path("api/v5/assign", Decisions.as_view({"post": "assign"})),
    path("api/v5/log", Logs.as_view({"post": "log"})),
    path("api/v5/bloblog", Logs.as_view({"post": "bloblog"})),
    path("api/v5/featureflag", Decisions.as_view({"post": "feature_flag"})),
    path("api/v5/useraliases", People.as_view({"patch": "user_aliases"})),
    path("api/v6/init", People.as_view({"post": "init"})),
    path("api/v6/groupmembership", People.as_view({"patch": "group_membership"})),
    path("api/v6/workinggroup", People.as_view({"patch": "working_group"})),
    path("api/v6/mark", Decisions.as_view({"post": "mark"})),
    path("api/v6/assign", Decisions.as_view({"post": "assign"})),
    path("api/v6/log", Logs.as_view({"post": "log"})),
    path("api/v6/featureflag", Decisions.as_view({"post": "feature_flag"})),
    path("api/v6/useraliases", People.as_view({"patch": "user_aliases"})),
    # Not in the document, called by its clients.
    path("api/v6/reward", Decisions.as_view({"post": "reward"})),
    path("api/v5/log/caliper", Logs.as_view({"post": "caliper"})),
    path("api/v6/log/caliper", Logs.as_view({"post": "caliper"})),
    path("api/v5/clearDB", Decisions.as_view({"delete": "clear_db"})),
    path("api/v6/clearDB", Decisions.as_view({"delete": "clear_db"})),
    # Everything else below these prefixes is nowhere, in UpGrade's own way of saying so.
    re_path(
        r"^api/v[56]/.*$",
        Nowhere.as_view(dict.fromkeys(("get", "post", "put", "patch", "delete"), "answer")),
    ),
]
