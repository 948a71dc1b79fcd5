"""The customer data platform of a project: where its datafile, or a setting instead of it, says that events go."""

from django.conf import settings

from decisions.compile import Snapshot
from decisions.upstream import segments
from events import odp
from events.odp import Platform
from experiments.errors import NotAllowed

CLIENT = "Agent"


def of_project(snapshot: Snapshot) -> Platform:
    """Raises NotAllowed when the project has none, or when none may be asked."""
    integration = segments.integration_of(snapshot)
    host = "" if integration is None else settings.AGENT_ODP_HOST or integration.host
    if integration is None or not host or not integration.public_key:
        raise NotAllowed("ODP is not integrated")
    if settings.AGENT_ODP_OFF:
        raise NotAllowed("ODP is not enabled")
    return Platform(host, integration.public_key, CLIENT, settings.AGENT_VERSION)


def note_identity(snapshot: Snapshot, user_id: str) -> None:
    """Tell the platform, if there is one, that somebody was decided about (agent contract §4.6)."""
    if not snapshot.engine.datafile.integrations:
        return
    try:
        platform = of_project(snapshot)
    except NotAllowed:
        return
    odp.identified(platform, user_id)
