"""The streams process's ear: notices of this machine's processes, and of other machines through Redis if there is one.

A notice goes to the listeners here at once, and to the other machines when somebody there listens to that key.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import redis
import redis.asyncio

from events.notices import places
from events.notices.gate import Gate
from events.notices.hub import Hub, Notice

logger = logging.getLogger(__name__)

Work = Callable[["redis.asyncio.Redis"], Awaitable[None]]

LARGEST_LINE = 8 * 1024 * 1024
CHANNEL = "arbiter:notices:"
LOOK_SECONDS = 1.0
REST_SECONDS = 2.0


class Exchange:
    """The hub of this machine, its gate, and the other machines. `redis_url` is "" where there is only this one."""

    def __init__(self, gate: Gate, redis_url: str) -> None:
        self._gate = gate
        self._elsewhere: frozenset[str] = frozenset()
        self._abroad = Abroad(redis_url, self) if redis_url else None
        self._writers: set[asyncio.StreamWriter] = set()
        self.hub = Hub(self._note_keys)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Exchange"]:
        """Receive while the block runs; the gate is shut before and after."""
        self._gate.open_for(())
        places.notices().unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._hear, places.notices(), limit=LARGEST_LINE)
        async with AsyncExitStack() as stack:
            stack.callback(self._gate.open_for, ())
            stack.callback(self._hang_up)
            stack.callback(server.close)
            if self._abroad is not None:
                await stack.enter_async_context(self._abroad.open())
            yield self

    def publish(self, sdk_key: str, notice: Notice) -> None:
        """Tell everybody who listens, here and elsewhere."""
        self.hub.publish(sdk_key, notice)
        if self._abroad is not None and sdk_key in self._elsewhere:
            self._abroad.offer(sdk_key, notice)

    def note_elsewhere(self, sdk_keys: frozenset[str]) -> None:
        """These are listened to on some machine."""
        self._elsewhere = sdk_keys
        self._note_keys()

    def _note_keys(self) -> None:
        self._gate.open_for(self.hub.sdk_keys | self._elsewhere)

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one process's lines until it goes; a line too long for us ends the connection, and it makes another."""
        self._writers.add(writer)
        with contextlib.suppress(OSError, ValueError):
            while (line := await reader.readline()).endswith(b"\n"):
                sdk_key, kind, body = line.rstrip(b"\n").split(b"\t", 2)
                self.publish(sdk_key.decode(), Notice(kind.decode(), body))
        self._writers.discard(writer)
        writer.close()

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.close()


class Abroad:
    """The other machines: one channel per SDK key, and what waits to be sent there, bounded."""

    QUEUED = 10_000

    def __init__(self, url: str, exchange: Exchange) -> None:
        self._url = url
        self._exchange = exchange
        self._origin = uuid.uuid4().hex.encode()
        self._queue: asyncio.Queue[tuple[str, Notice]] = asyncio.Queue(self.QUEUED)

    def offer(self, sdk_key: str, notice: Notice) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait((sdk_key, notice))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._persist(work)) for work in (self._send, self._follow)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _persist(self, work: "Work") -> None:
        """Begin again when Redis has been away."""
        while True:
            try:
                async with redis.asyncio.from_url(self._url) as client:
                    await work(client)
            except (redis.RedisError, OSError) as fault:
                logger.warning("Notices do not reach other machines: %s", fault)
                self._exchange.note_elsewhere(frozenset())
                await asyncio.sleep(REST_SECONDS)

    async def _send(self, client: "redis.asyncio.Redis") -> None:
        while True:
            sdk_key, notice = await self._queue.get()
            message = b"\t".join((self._origin, notice.kind.encode(), notice.body))
            await client.publish(CHANNEL + sdk_key, message)

    async def _follow(self, client: "redis.asyncio.Redis") -> None:
        """Subscribe to the keys that are listened to here, and see which are anywhere."""
        async with client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(CHANNEL)  # nobody's key: a subscription to nothing cannot be waited on
            followed: frozenset[str] = frozenset()
            looked_at = 0.0
            while True:
                followed = await self._keep_up(subscription, followed)
                if asyncio.get_running_loop().time() - looked_at > LOOK_SECONDS:
                    looked_at = asyncio.get_running_loop().time()
                    self._exchange.note_elsewhere(await _listened_to(client))
                message = await subscription.get_message(timeout=0.1)
                if message is not None:
                    self._deliver(message["channel"].decode().removeprefix(CHANNEL), message["data"])

    async def _keep_up(self, subscription: "redis.asyncio.client.PubSub", followed: frozenset[str]) -> frozenset[str]:
        wanted = self._exchange.hub.sdk_keys
        if wanted - followed:
            await subscription.subscribe(*(CHANNEL + key for key in wanted - followed))
        if followed - wanted:
            await subscription.unsubscribe(*(CHANNEL + key for key in followed - wanted))
        return wanted

    def _deliver(self, sdk_key: str, data: bytes) -> None:
        origin, kind, body = data.split(b"\t", 2)
        if origin != self._origin:
            self._exchange.hub.publish(sdk_key, Notice(kind.decode(), body))


async def _listened_to(client: "redis.asyncio.Redis") -> frozenset[str]:
    channels = await client.pubsub_channels(CHANNEL + "?*")
    names = [channel.decode() if isinstance(channel, bytes) else channel for channel in channels]
    return frozenset(name.removeprefix(CHANNEL) for name in names)
