"""The one read a decision may cost: whose id it is and which arms are remembered. It never stops a decision.

While the database is away, what this process last found of a person answers, else nothing is remembered and the draw
decides; and the database is asked again once a second, not by every request.
"""

import logging
import time
from collections.abc import Mapping, Sequence

from django.db import DatabaseError, close_old_connections

from users import assignments

logger = logging.getLogger(__name__)

Known = tuple[str, Mapping[int, int | None]]

REST_SECONDS = 1.0
LARGEST = 100_000

_found: dict[tuple[int, str], Known] = {}
_away_until = 0.0


def arms_of(*, project_id: int, user_id: str, experiment_ids: Sequence[int]) -> Known:
    """The person's root id and remembered arms, `{experiment id: variation id}`."""
    global _away_until
    if time.monotonic() < _away_until:
        return _found.get((project_id, user_id), (user_id, {}))
    try:
        known = assignments.of_user(user_id=user_id, experiment_ids=experiment_ids)
    except DatabaseError:
        logger.warning("The database is away; deciding by what was found before", exc_info=True)
        _away_until = time.monotonic() + REST_SECONDS
        close_old_connections()
        return _found.get((project_id, user_id), (user_id, {}))
    if known[1] or known[0] != user_id:
        _keep((project_id, user_id), known)
    return known


def _keep(key: tuple[int, str], known: Known) -> None:
    if len(_found) >= LARGEST:
        _found.clear()
    _found[key] = known
