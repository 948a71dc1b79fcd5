"""What SDKs poll: the current features with the user-blocks (testlab contract §2.6, §2.7). Hot.

The rendered bytes are kept as long as the state they were rendered from is the current one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from django.conf import settings

from config.wire.message import Answer, Request
from config.wire.testlab import answers, freshness, speaking
from decisions.lab import current as state
from decisions.lab.current import Current
from features.api.testlab import written
from features.models import Flag


@dataclass(frozen=True, slots=True)
class _Rendered:
    value: Current
    settings: tuple[bool, float]
    body: bytes
    etag: str
    modified: int


_last: list[_Rendered] = []


@speaking("Error getting the features in postgres")
def current(request: Request) -> Answer:
    """Today's experiments, toggles and roll-outs, and the user-blocks, which are brought up to date first."""
    rendered = _rendered(state.at(project_key=settings.TESTLAB_PROJECT, now=datetime.now(UTC)))
    return freshness.fresh_or_whole(request, rendered.body, modified=rendered.modified, tag=rendered.etag)


def _rendered(value: Current) -> _Rendered:
    chosen = (settings.TESTLAB_TOGGLES_AS_ROLLOUTS, settings.TESTLAB_CHANGE_MARGIN)
    for last in _last:
        if last.value is value and last.settings == chosen:
            return last
    body = _body(value)
    rendered = _Rendered(value, chosen, body, answers.etag(body), freshness.last_modified(value.changed_at))
    _last[:] = [rendered]
    return rendered


def _body(value: Current) -> bytes:
    by_kind = {kind: [written.polled_feature(row) for row in value.features if row.kind == kind] for kind in Flag.Kind}
    whole = {
        "experiments": by_kind[Flag.Kind.EXPERIMENT],
        "toggles": by_kind[Flag.Kind.TOGGLE],
        "rollouts": by_kind[Flag.Kind.ROLLOUT],
        "userblocks": [written.block(row) for row in value.blocks],
    }
    return orjson.dumps(whole, default=answers.plain)
