"""Mirrors kept fresh: a project is made when its SDK key is first asked for, and polled from then on.

The last good datafile stays whatever the host answers later. Failures are remembered for a moment, so that many
requests with a bad key do not become many requests to somebody else's host (agent contract §1.2). So are access tokens
that were good beside the one a project is guarded by: while one replaces another, clients come with either.
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q

from decisions import snapshots
from decisions.upstream import fetching, mirroring
from decisions.upstream.fetching import Failed, Fetched
from experiments import access, texts
from experiments.errors import DomainError
from experiments.models import MirroredDatafile, Project

logger = logging.getLogger(__name__)

LONGEST_KEY = 128
FAILURE_SECONDS = 2.0
GOOD_SECONDS = 60.0

Asked = tuple[str, str]

_failures: dict[Asked, tuple[float, Failed]] = {}
_good: dict[Asked, float] = {}
_locks = tuple(threading.Lock() for _ in range(64))
"""One is held while a host answers: others who ask for the same wait, hardly anybody else does."""


def obtain(*, sdk_key: str, access_token: str, template: str, now: datetime) -> Project:
    """Fetch the datafile of an SDK key nobody asked for yet and mirror it. Raises Failed.

    With an access token the project is open to those only who know it, as its host demands.
    """
    asked = (sdk_key, access_token)
    with _locks[hash(asked) % len(_locks)]:
        known = _failures.get(asked)
        if known is not None and known[0] > time.monotonic():
            raise known[1]
        found = _fetched(sdk_key) if _good.get(asked, 0) > time.monotonic() else None
        if found is not None:
            return found
        try:
            project = _obtain(sdk_key, access_token, template.replace("%s", sdk_key), now)
        except Failed as failure:
            _remember(_failures, asked, (time.monotonic() + FAILURE_SECONDS, failure))
            raise
        _remember(_good, asked, time.monotonic() + GOOD_SECONDS)
        return project


def _fetched(sdk_key: str) -> Project | None:
    """The project of an SDK key, if its datafile comes from a host."""
    return Project.objects.filter(sdk_key=sdk_key, mirrored__isnull=False).exclude(mirrored__url="").first()


def _remember(memory: dict[Asked, Any], asked: Asked, value: Any) -> None:
    if len(memory) > 10_000:
        memory.clear()
    memory[asked] = value


def _obtain(sdk_key: str, access_token: str, url: str, now: datetime) -> Project:
    if MirroredDatafile.objects.filter(project__sdk_key=sdk_key, url="").exists():
        raise Failed(403, "the datafile was imported by hand, and what guards it is set here")
    found = fetching.fetch(url, access_token=access_token)
    try:
        texts.check(sdk_key, longest=LONGEST_KEY)
        texts.check(access_token)
        with transaction.atomic():
            project = mirroring.take_in(body=found.body or b"", sdk_key=sdk_key, now=now, is_strict=False)
            _guard(project, access_token)
            MirroredDatafile.objects.filter(project=project).update(
                url=url, access_token=access_token, last_modified=found.last_modified, polled_at=now
            )
    except DomainError as refusal:
        raise Failed(200, str(refusal)) from refusal
    return project


def _guard(project: Project, access_token: str) -> None:
    guard = access.hash_of(access_token) if access_token else ""
    if guard != project.access_token_hash:
        Project.objects.filter(pk=project.pk).update(access_token_hash=guard)
        snapshots.announce(project_ids=[project.pk])


def poll(*, now: datetime, interval: timedelta, sdk_keys: Sequence[str] = (), template: str = "") -> int:
    """Look for news of every mirror that is due, and of configured keys that have none. Answers how many changed.

    A configured key is what clients send: `<key>` or `<key>:<access token>`.
    """
    for configured in sdk_keys:
        key, _, token = configured.partition(":")
        if template and not Project.objects.filter(sdk_key=key).exists():
            _try(lambda key=key, token=token: obtain(sdk_key=key, access_token=token, template=template, now=now))
    due = MirroredDatafile.objects.exclude(url="").filter(Q(polled_at__isnull=True) | Q(polled_at__lte=now - interval))
    return sum(bool(_try(lambda mirror=mirror: poll_one(mirror, now=now))) for mirror in due.order_by("pk"))


def poll_keys(*, beginnings: Sequence[str], now: datetime) -> int:
    """Look for news of every mirror whose SDK key begins with one of these, due or not. Answers how many changed."""
    mirrors = MirroredDatafile.objects.exclude(url="").select_related("project").order_by("pk")
    named = [each for each in mirrors if each.project.sdk_key.startswith(tuple(beginnings))]
    return sum(bool(_try(lambda mirror=mirror: poll_one(mirror, now=now))) for mirror in named)


def fetch_anew(*, sdk_key: str, now: datetime) -> None:
    """Take what the host of a mirror says now, whatever its revision; the last good datafile stays when it fails."""
    mirrors = MirroredDatafile.objects.exclude(url="").select_related("project").filter(project__sdk_key=sdk_key)
    for mirror in mirrors:
        _try(lambda mirror=mirror: _fetch_anew(mirror, now))


def _fetch_anew(mirror: MirroredDatafile, now: datetime) -> None:
    MirroredDatafile.objects.filter(pk=mirror.pk).update(polled_at=now)
    found = fetching.fetch(mirror.url, access_token=mirror.access_token)
    _take_over(mirror, found, now)
    MirroredDatafile.objects.filter(pk=mirror.pk).update(last_modified=found.last_modified)


def poll_one(mirror: MirroredDatafile, *, now: datetime) -> bool:
    """Look for news of one mirror; True when there were any. Raises Failed, and the last good datafile stays."""
    MirroredDatafile.objects.filter(pk=mirror.pk).update(polled_at=now)
    found = fetching.fetch(mirror.url, access_token=mirror.access_token, last_modified=mirror.last_modified)
    if found.body is None:
        return False
    is_news = _revision(found.body) != _revision(mirror.body.encode())
    if is_news:
        _take_over(mirror, found, now)
    MirroredDatafile.objects.filter(pk=mirror.pk).update(last_modified=found.last_modified)
    return is_news


def _take_over(mirror: MirroredDatafile, found: Fetched, now: datetime) -> None:
    try:
        mirroring.take_in(body=found.body or b"", sdk_key=mirror.project.sdk_key, now=now, is_strict=False)
    except DomainError as refusal:
        raise Failed(200, str(refusal)) from refusal


def _revision(body: bytes) -> object:
    """The same revision is the same datafile (agent contract §1.2)."""
    try:
        document: Any = orjson.loads(body)
    except ValueError as fault:
        raise Failed(200, "not JSON") from fault
    return document.get("revision") if isinstance(document, dict) else None


def _try(step: Any) -> Any:
    try:
        return step()
    except Failed as failure:
        logger.warning("A datafile was not renewed: %s", failure)
        return None
