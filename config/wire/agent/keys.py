"""The SDK key of a request: from its header to the project's snapshot (agent contract §1.2)."""

import re
from functools import lru_cache

from config.wire.agent.answers import Refused
from config.wire.live import live
from config.wire.message import Request
from decisions import snapshots
from decisions.compile import Snapshot
from experiments import access

HEADER = "x-optimizely-sdk-key"
MISSING = "missing required X-Optimizely-SDK-Key header"
MALFORMED = "sdkKey failed validation"
UNKNOWN = "unable to fetch fresh datafile (consider rechecking SDK key), status code: 403 Forbidden"


def snapshot_of(request: Request) -> Snapshot:
    """The project the header names, as `<key>` or `<key>:<access token>`. Raises Refused (400, 403)."""
    value = request.headers.get(HEADER)
    if not value:
        raise Refused(400, MISSING)
    if not _is_well_formed(value, live.AGENT_SDK_KEY_REGEX):
        raise Refused(400, MALFORMED)
    key, _, token = value.partition(":")
    snapshot = snapshots.for_sdk_key(key)
    if snapshot is None or not is_open(snapshot) or not access.admits(snapshot.access_token_hash, token):
        raise Refused(403, UNKNOWN)
    return snapshot


def is_open(snapshot: Snapshot) -> bool:
    """Whether clients of this dialect may ask for the project at all."""
    return snapshot.is_active and "agent" in snapshot.dialects


@lru_cache(maxsize=1024)
def _is_well_formed(value: str, pattern: str) -> bool:
    return re.search(pattern, value) is not None
