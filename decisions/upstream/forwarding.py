"""Events of mirrored projects told upstream as well, besides being stored (agent contract §4.4).

Whose datafile it is also sees what was done with it. Off unless an event URL is configured.
"""

from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings

from decisions.compile import Snapshot
from events import logx
from events.ingest import NewEvent, NewExposure
from events.outbox import Outbox

CLIENT = "Agent"


def forward(snapshot: Snapshot, rows: Sequence[NewEvent | NewExposure]) -> None:
    """Queue rows that were stored for the project's upstream; returns at once."""
    if not settings.AGENT_EVENT_URL or not snapshot.is_mirrored:
        return
    datafile = snapshot.engine.datafile
    destination = logx.Destination(
        url=settings.AGENT_EVENT_URL,
        account_id=datafile.account_id,
        project_id=datafile.project_id,
        revision=datafile.revision,
        region=datafile.region,
        anonymize_ip=datafile.anonymize_ip,
        client_name=CLIENT,
        client_version=settings.AGENT_VERSION,
    )
    for row in rows:
        visitor = logx.visitor(row, attribute_ids=datafile.attribute_ids, bot_filtering=datafile.bot_filtering)
        outbox().offer(destination, visitor)


def counts() -> tuple[int, int, int, int]:
    """Of this process's queue: what waits, and batches that arrived, that failed and that were tried again."""
    if not outbox.cache_info().currsize:
        return 0, 0, 0, 0
    queue = outbox()
    return queue.waiting, queue.arrived, queue.failed, queue.retried


@lru_cache(maxsize=1)
def outbox() -> Outbox:
    """The one queue of this process."""
    return logx.new_outbox(
        batch_size=settings.AGENT_EVENT_BATCH,
        flush_seconds=settings.AGENT_EVENT_FLUSH_SECONDS,
        queue_size=settings.AGENT_EVENT_QUEUE,
    )
