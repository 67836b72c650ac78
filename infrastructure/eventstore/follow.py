"""Following the log live: NOTIFY wakes, the table is read. A lost notification costs a poll's time, never an event."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
from psycopg import AsyncConnection

from infrastructure.background import end

_log = logging.getLogger(__name__)

LOG_CHANNEL = "contextline_log"
PROJECTION_CHANNEL = "contextline_projection"


class Listener:
    """Wakes waiters when a channel is notified. Keeps a connection of its own and makes a new one when it is lost.

    LISTEN needs a session of its own: behind a transaction-pooling proxy give it a direct URL.
    """

    def __init__(self, connect: Callable[[], Awaitable[AsyncConnection[Any]]], channel: str) -> None:
        self._connect, self._channel = connect, channel
        self._bell = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._rings = 0

    async def __aenter__(self) -> Listener:
        self._task = asyncio.create_task(self._listen(), name=f"listen-{self._channel}")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            await end(self._task)

    @property
    def rings(self) -> int:
        """How often it was notified; take it before looking, then wait for more."""
        return self._rings

    async def wait(self, seen: int, timeout: float) -> None:
        """Until there were more rings than `seen`, or for `timeout` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout), self._bell:
                await self._bell.wait_for(lambda: self._rings > seen)

    async def _listen(self) -> None:
        pause = 0.1
        while True:
            try:
                connection = await self._connect()
                async with connection:
                    await connection.execute(b"LISTEN " + self._channel.encode())
                    # What happened while no one listened was not heard.
                    await self._ring()
                    pause = 0.1
                    async for _ in connection.notifies():
                        await self._ring()
            except (psycopg.Error, OSError) as error:
                _log.warning("lost the connection that listens to %s, making a new one: %s", self._channel, error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, 2.0)

    async def _ring(self) -> None:
        async with self._bell:
            self._rings += 1
            self._bell.notify_all()


async def follow(
    read: Callable[[int], Awaitable[list[Any]]], listener: Listener, *, after: int = 0, poll: float = 1.0
) -> AsyncIterator[list[Any]]:
    """Batches of what `read(position)` gives from `after` on, for ever; items have a `position`.

    An empty batch is given each `poll` seconds in which nothing came, so that a follower can say that it still looks.
    """
    while True:
        seen = listener.rings
        batch = await read(after)
        if batch:
            after = batch[-1].position
        yield batch
        if not batch:
            await listener.wait(seen, poll)
