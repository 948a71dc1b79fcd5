"""The one read a decision may cost: whose id it is and what is remembered of them. It never stops a decision.

While the database is away, what this process last found of a person answers, else nothing is remembered and the draw
decides; and the database is asked again once a second, not by every request.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections

from experiments.errors import Unavailable
from users import assignments, standing
from users.standing import Needs, Row, Standing

logger = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

Known = tuple[str, Mapping[int, int | None]]

AWAY = (OperationalError, InterfaceError)
"""What a database that is away raises."""
REST_SECONDS = 1.0
LARGEST = 100_000
MOST_STANDINGS = 20_000

_found: dict[tuple[int, str], Known] = {}
_standings: dict[tuple[Needs, str], Sequence[Row]] = {}
_away_until = 0.0


def is_away() -> bool:
    """Whether the database failed a moment ago."""
    return time.monotonic() < _away_until


def lost() -> None:
    """The database has just failed: for a moment it is not asked again. Call it where the error is caught."""
    global _away_until
    logger.warning("The database is away; deciding by what was found before", exc_info=True)
    _away_until = time.monotonic() + REST_SECONDS
    close_old_connections()


def unless_away(ask: Callable[[], T], *, otherwise: T) -> T:
    """What is kept in a store that all processes share, `otherwise` while it is away: a decision goes on without."""
    if is_away():
        return otherwise
    try:
        return ask()
    except AWAY:
        lost()
    except Unavailable:
        logger.warning("A store is away; deciding without it", exc_info=True)
    return otherwise


def person(*, user_id: str, needs: Needs) -> Standing | None:
    """The person behind an id, None when nobody is known by it: `standing.read`, remembered.

    While the database is away: as found last, else somebody of whom nothing is known (`is_known`).
    """
    if is_away():
        return _last_seen(user_id, needs)
    try:
        rows = standing.look_up(user_id=user_id, needs=needs)
    except AWAY:
        lost()
        return _last_seen(user_id, needs)
    if rows:
        _keep(_standings, (needs, user_id), rows, MOST_STANDINGS)
    return standing.of_rows(rows)


def _last_seen(user_id: str, needs: Needs) -> Standing:
    found = standing.of_rows(_standings.get((needs, user_id), ()))
    return found if found is not None else unknown(user_id=user_id)


def unknown(*, user_id: str, groups: Mapping[str, list[str]] | None = None) -> Standing:
    """Somebody who cannot be looked up now."""
    return Standing(0, user_id, groups, None, is_known=False)


def visitor(*, user_id: str, groups: Mapping[str, list[str]], needs: Needs) -> Standing:
    """Somebody of whom only the groups of this session count: `standing.anonymous`, as far as can be known now."""
    if is_away() and needs.segments:
        return unknown(user_id=user_id, groups=groups)
    try:
        return standing.anonymous(user_id=user_id, groups=groups, needs=needs)
    except AWAY:
        lost()
        return unknown(user_id=user_id, groups=groups)


def arms_of(*, project_id: int, user_id: str, experiment_ids: Sequence[int]) -> Known:
    """The person's root id and remembered arms, `{experiment id: variation id}`."""
    if is_away():
        return _found.get((project_id, user_id), (user_id, {}))
    try:
        known = assignments.of_user(user_id=user_id, experiment_ids=experiment_ids)
    except DatabaseError:
        lost()
        return _found.get((project_id, user_id), (user_id, {}))
    if known[1] or known[0] != user_id:
        _keep(_found, (project_id, user_id), known, LARGEST)
    return known


def _keep(kept: dict[K, V], key: K, value: V, most: int) -> None:
    if len(kept) >= most:
        kept.clear()
    kept[key] = value
