"""Streams of notifications (agent contract §4.5): one process for all who listen, in one event loop.

Requests are checked by the same handlers that workers run. Headers go out at once, and a stream in which nothing
happens says so now and then, so that neither side takes it for dead.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from django.conf import settings

from config.routes.streams import NOWHERE, STREAMS
from config.wire.message import Answer, Request, sent_as
from decisions import snapshots
from decisions.agent import noticing
from events.notices import hub, places
from events.notices.arriving import Exchange
from events.notices.gate import Gate
from events.notices.hub import Notice

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LOOK_SECONDS = 0.2


class Form:
    """How notices look on the wire, and a sign of life between them."""

    heartbeat = b": nothing happened\n\n"

    def notice(self, body: bytes) -> bytes:
        return b"data: " + body + b"\n\n"

    def loss(self, count: int) -> bytes:
        return b": %d notices were dropped\n\n" % count


class RawForm(Form):
    """A JSON document a line. A blank before the next one is all that may be said between."""

    heartbeat = b" "

    def notice(self, body: bytes) -> bytes:
        return body + b"\n"

    def loss(self, count: int) -> bytes:
        return b""


class Streams:
    """The application: `exchange` brings notices, every request becomes a listener of it."""

    def __init__(self, exchange: Exchange, heartbeat: timedelta) -> None:
        self._exchange = exchange
        self._heartbeat = heartbeat.total_seconds()
        self._stack = AsyncExitStack()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._stack.enter_async_context(self._exchange.open())
        watching = asyncio.create_task(_watch(self._exchange))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        watching.cancel()
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        request = _request_of(scope)
        answer = await asyncio.to_thread(STREAMS.get(request.path, NOWHERE), request)
        is_stream = answer.status == 200 and answer.content_type == "text/event-stream"
        await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
        if not is_stream:
            await send({"type": "http.response.body", "body": answer.body})
            return
        speaking = asyncio.ensure_future(self._speak(request, send))
        leaving = asyncio.ensure_future(_gone(receive))
        _, rest = await asyncio.wait((speaking, leaving), return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(speaking, leaving, return_exceptions=True)

    async def _speak(self, request: Request, send: Send) -> None:
        form = RawForm() if request.value("raw") is not None else Form()
        async for piece in self._pieces(request, form):
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _pieces(self, request: Request, form: Form) -> AsyncIterator[bytes]:
        sdk_key = request.header("x-optimizely-sdk-key").partition(":")[0]
        with self._exchange.hub.listening(sdk_key, _kinds(request)) as listener:
            yield b""  # sends the headers
            while True:
                notice = await listener.next(seconds=self._heartbeat)
                if listener.dropped:
                    yield form.loss(listener.dropped)
                    listener.dropped = 0
                yield form.heartbeat if notice is None else form.notice(notice.body)


def application() -> Streams:
    snapshots.ensure_following()
    exchange = Exchange(Gate(places.gate()), settings.REDIS_URL)
    return Streams(exchange, timedelta(seconds=settings.AGENT_STREAM_HEARTBEAT_SECONDS))


async def _watch(exchange: Exchange) -> None:
    """Tell of projects that have another revision than before, for as long as somebody listens to them."""
    seen: dict[str, str] = {}
    while True:
        known = (await asyncio.to_thread(snapshots.current)).by_sdk_key
        found = {key: known[key] for key in exchange.hub.sdk_keys if key in known}
        for key, snapshot in found.items():
            revision = snapshot.engine.datafile.revision
            if seen.get(key, revision) != revision:
                exchange.hub.publish(key, Notice(noticing.CONFIG_UPDATE, noticing.config_update(snapshot)))
        seen = {key: snapshot.engine.datafile.revision for key, snapshot in found.items()}
        await asyncio.sleep(LOOK_SECONDS)


def _kinds(request: Request) -> frozenset[str]:
    """What the filters ask for: repeated and separated by commas, everything without any, nothing for unknown names."""
    filters = request.values("filter")
    if not filters:
        return hub.KINDS
    return hub.KINDS & {name for each in filters for name in each.split(",")}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _request_of(scope: Message) -> Request:
    sent: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = sent_as(name.decode("latin-1")), value.decode("latin-1")
        sent[key] = f"{sent[key]},{text}" if key in sent else text
    return Request(scope["method"], scope["path"], sent, scope["query_string"].decode("latin-1"))


def _headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    kind = (("Content-Type", answer.content_type),) if answer.content_type else ()
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in (*answer.headers, *kind)]
