"""The processes of test_tail_readers: `write URL NUMBER APPENDS`, `follow URL`, `poll URL`, `hold URL`."""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from domain.errors import VersionConflictError
from infrastructure.eventstore.follow import LOG_CHANNEL, Listener, follow
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.postgres.connections import API, connect
from tests.fixtures.clock import MovableClock
from tests.integration.eventstore.eventstore_support import Requests, sid, writer

CALLERS = 8
SHARED = [f"shared {number}" for number in range(24)]


def now() -> datetime:
    return datetime.now(UTC)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def write(url: str, number: str, appends: str) -> None:
    """Appends of one to three events, half to a caller's own stream, half to streams that all processes write."""
    chance = random.Random(number)
    async with PostgresEventStore(url, now, pool_min=1, pool_max=2) as store:
        request_for = await Requests.of(store)
        turns = iter(range(int(appends)))

        async def caller(own: str) -> None:
            written = 0
            for turn in turns:
                words = [f"{number}/{turn}/{part}" for part in range(chance.choice([1, 1, 2, 3]))]
                shared = chance.random() < 0.5
                stream = chance.choice(SHARED) if shared else own
                while True:
                    expected = await store.reader.head(1, sid(stream)) if shared else written
                    try:
                        appended = await store.append_raw(request_for(stream, expected, *words))
                    except VersionConflictError:
                        assert shared
                        continue
                    break
                written += 0 if shared else len(words)
                say(json.dumps(list(zip(words, range(appended.first, appended.last + 1), strict=True))))

        await asyncio.gather(*(caller(f"own {number}/{which}") for which in range(CALLERS)))


async def tail(store: PostgresEventStore, url: str, listen: bool) -> AsyncIterator[list[Any]]:
    if listen:
        async with Listener(lambda: connect(url, API, autocommit=True), LOG_CHANNEL) as listener:
            async for batch in follow(lambda after: store.reader.log(after, 50), listener, poll=0.2):
                yield batch
    position = 0
    while True:
        batch = await store.reader.log(position, 7)
        position = batch[-1].position if batch else position
        yield batch


async def read(url: str, listen: bool) -> None:
    """Print what comes, until the position has come that stdin names."""
    end: asyncio.Future[bytes] = asyncio.ensure_future(asyncio.to_thread(sys.stdin.buffer.readline))
    async with PostgresEventStore(url, now, pool_min=1, pool_max=1) as store:
        position = 0
        async for batch in tail(store, url, listen):
            for one in batch:
                at = one.recorded_at.isoformat(timespec="microseconds")
                say(json.dumps([one.position, str(one.stream_id), one.version, one.event.reason, at]))
                position = one.position
            if end.done() and position >= int(end.result()):
                return


async def hold(url: str) -> None:
    """Take the append lock and a position, then do nothing more."""
    async with PostgresEventStore(url, now) as store, writer(url, MovableClock()) as holder:
        planned = await holder.take_the_lock((await Requests.of(store))("one", 0, "never committed"))
        say(f"holding position {planned.last}")
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    match what:
        case "write":
            asyncio.run(write(*words))
        case "hold":
            asyncio.run(hold(*words))
        case "follow" | "poll":
            asyncio.run(read(*words, listen=what == "follow"))
