"""`GET /datafiles/<sdkKey>.json`: what SDKs that decide for themselves download (agent contract §7)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from config.wire import agent
from config.wire.agent import AgentDoor, described
from config.wire.agent.keys import is_open
from config.wire.message import Answer, Request
from decisions import snapshots
from decisions.compile import Snapshot
from experiments import access

SETTLED = timedelta(seconds=5)
FORBIDDEN = agent.error(403, "there is no datafile for this SDK key")


def _datafile(request: Request) -> Answer:
    """The datafile of a project that guards it with no access token: 200, 304, or 403 for a key nobody has."""
    snapshot = _snapshot(request)
    return FORBIDDEN if snapshot is None or snapshot.access_token_hash else _fresh_or_not(request, snapshot)


def _guarded_datafile(request: Request) -> Answer:
    """The same for projects with an access token, which comes as `Authorization: Bearer <token>`."""
    snapshot = _snapshot(request)
    scheme, _, token = request.header("authorization").partition(" ")
    if snapshot is None or scheme.lower() != "bearer" or not access.admits(snapshot.access_token_hash, token):
        return FORBIDDEN
    return _fresh_or_not(request, snapshot)


datafile = agent.open_to_browsers("GET", _datafile)
guarded_datafile = agent.open_to_browsers("GET", _guarded_datafile)


def _snapshot(request: Request) -> Snapshot | None:
    name = request.params.get("sdk_key") or request.path.rpartition("/")[2].removesuffix(".json")
    snapshot = snapshots.for_sdk_key(name)
    return snapshot if snapshot is not None and is_open(snapshot) else None


def _fresh_or_not(request: Request, snapshot: Snapshot) -> Answer:
    """HTTP counts whole seconds, so a datafile that has just changed is never "not modified", and bears an earlier
    second: another change within the same one must not be taken for it."""
    is_settled = datetime.now(UTC) - snapshot.changed_at > SETTLED
    shown = snapshot.changed_at if is_settled else snapshot.changed_at - timedelta(seconds=1)
    last_modified = format_datetime(shown.astimezone(UTC), usegmt=True)
    headers = (("Last-Modified", last_modified), ("Cache-Control", "no-cache"))
    if is_settled and request.header("if-modified-since") == last_modified:
        return Answer(304, b"", "", headers)
    return Answer(200, snapshot.datafile, headers=headers)


class PublicDatafile(AgentDoor):
    datafile = described(datafile, keyed=False)


class GuardedDatafile(AgentDoor):
    guarded_datafile = described(guarded_datafile, keyed=False)
