"""Every route of the Agent's document, in its order; then what its clients use beside the document."""

import re

from django.conf import settings
from django.urls import path, re_path

from config import batch
from config.wire.agent import AnyHealth, Nowhere, nowhere
from config.wire.message import Handler
from decisions.api import agent as decisions
from events.api import agent as events
from experiments.api import agent as experiments

# What a batch may call.
HANDLERS: dict[str, Handler] = {
    "/v1/config": decisions.config,
    "/v1/datafile": decisions.datafile,
    "/v1/decide": decisions.decide,
    "/v1/lookup": decisions.lookup,
    "/v1/save": decisions.save,
    "/v1/track": events.track,
    "/v1/send-odp-event": events.send_odp_event,
    "/v1/activate": decisions.activate,
    "/v1/override": decisions.override,
    "/v1/reset": decisions.reset,
    "/v1/notifications/event-stream": events.event_stream,
    "/oauth/token": experiments.token,
}
ANYTHING = r"[\s\S]*"
BATCH = batch.over(HANDLERS, nowhere)
Batch = batch.door(BATCH)


def ending(path: str) -> str:
    """The pattern of every address that ends with this path, in any case of letters.

    Spelt without flags, which Django's reversing of addresses does not know.
    """
    before, rest = (rf"(?:{ANYTHING}/)?", path[1:]) if path.startswith("/") else (ANYTHING, path)
    letters = [f"[{sign.lower()}{sign.upper()}]" if sign.isalpha() else re.escape(sign) for sign in rest]
    return rf"^{before}{''.join(letters)}\Z"


urlpatterns = [
    path("v1/config", decisions.Config.as_view({"get": "config"})),
    path("v1/datafile", decisions.Datafile.as_view({"get": "datafile"})),
    path("v1/decide", decisions.Decide.as_view({"post": "decide"})),
    path("v1/lookup", decisions.Lookup.as_view({"post": "lookup"})),
    path("v1/save", decisions.Save.as_view({"post": "save"})),
    path("v1/track", events.Track.as_view({"post": "track"})),
    path("v1/send-odp-event", events.SendOdpEvent.as_view({"post": "send_odp_event"})),
    path("v1/activate", decisions.Activate.as_view({"post": "activate"})),
    path("v1/override", decisions.Override.as_view({"post": "override"})),
    path("oauth/token", experiments.Token.as_view({"post": "token"})),
    path("v1/batch", Batch.as_view({"post": "batch"})),
    # SDKs that decide for themselves: where they download and where they report.
    path("datafiles/<str:sdk_key>.json", experiments.PublicDatafile.as_view({"get": "datafile"})),
    path("datafiles/auth/<str:sdk_key>.json", experiments.GuardedDatafile.as_view({"get": "guarded_datafile"})),
    path("v1/events", events.Collector.as_view({"post": "collect"})),
    # What the Agent serves on its other two ports, and what its own test suites use.
    path("info", experiments.Info.as_view({"get": "info"})),
    path("metrics", experiments.Metrics.as_view({"get": "metrics"})),
    path("webhooks/optimizely", experiments.Webhook.as_view({"post": "webhook"})),
    path("v1/reset", decisions.Reset.as_view({"post": "reset"})),
    path("v1/notifications/event-stream", events.EventStream.as_view({"get": "event_stream"})),
    # The Agent takes a batch under any prefix.
    re_path(ending("/batch"), Batch.as_view({"post": "batch"}, schema=None)),
    # And says that it lives there, too.
    *(re_path(ending(each), AnyHealth.as_view({"get": "healthy"})) for each in {"/health", settings.AGENT_HEALTH_PATH}),
    # Whatever else begins with /v1.
    re_path(rf"^v1(?:/{ANYTHING})?\Z", Nowhere.as_view({"get": "nowhere"})),
]
