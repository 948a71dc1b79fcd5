"""The SDK key of a request: from its header to the project's snapshot (agent contract §1.2)."""

import re
from datetime import UTC, datetime

from config.wire.agent.answers import Refused
from config.wire.live import live
from config.wire.message import Request, sent_as
from decisions import snapshots
from decisions.compile import Snapshot
from decisions.upstream import polling
from decisions.upstream.fetching import Failed
from experiments import access
from experiments.remembering import remembered

HEADER = "x-optimizely-sdk-key"
SENT_AS = sent_as(HEADER)
# Which of the configured services a request means.
PROFILE_SERVICE = sent_as("x-optimizely-ups-name")
SEGMENT_CACHE = sent_as("x-optimizely-odp-cache-name")
MISSING = "missing required X-Optimizely-SDK-Key header"
MALFORMED = "sdkKey failed validation"
UNKNOWN = "unable to fetch fresh datafile (consider rechecking SDK key), status code: 403 Forbidden"


def service_named(request: Request, sent_as: str) -> str | None:
    """The service a request means by this header, None for the configured one; an empty header names none."""
    return request.sent.get(sent_as) or None


def snapshot_of(request: Request) -> Snapshot:
    """The project the header names, as `<key>` or `<key>:<access token>`. Raises Refused (400, 403, 500)."""
    value = request.sent.get(SENT_AS)
    if not value:
        raise Refused(400, MISSING)
    if not _is_well_formed(value, live.AGENT_SDK_KEY_REGEX):
        raise Refused(400, MALFORMED)
    key, _, token = value.partition(":")
    snapshot = snapshots.for_sdk_key(key)
    if snapshot is not None and is_open(snapshot) and access.admits(snapshot.access_token_hash, token):
        return snapshot
    if live.AGENT_DATAFILE_URL and (snapshot is None or (snapshot.is_mirrored and is_open(snapshot))):
        return _obtained(value, key, token)
    raise Refused(403, UNKNOWN)


def _obtained(value: str, key: str, token: str) -> Snapshot:
    """The project of a key nobody asked for yet, fetched from the configured host."""
    try:
        project = polling.obtain(
            sdk_key=key, access_token=token, template=live.AGENT_DATAFILE_URL, now=datetime.now(UTC)
        )
    except Failed as failure:
        if failure.status == 403:
            raise Refused(403, UNKNOWN) from failure
        raise Refused(500, f"failed to instantiate Optimizely for SDK Key: {value}") from failure
    snapshots.refresh()
    return snapshots.for_project(project.pk)


def is_open(snapshot: Snapshot) -> bool:
    """Whether clients of this dialect may ask for the project at all."""
    return snapshot.is_active and "agent" in snapshot.dialects


@remembered(1024)
def _is_well_formed(value: str, pattern: str) -> bool:
    return re.search(pattern, value) is not None
