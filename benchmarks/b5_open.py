"""B5: seconds to open a context of 10,000 events and 100 KiB of state cold, with snapshots ÷ without.

Cold means that the application knows nothing of it; PostgreSQL's own cache is warm on both sides. Beside it: how much
longer ten times as many events take with snapshots.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from string import ascii_letters
from typing import TypeVar
from uuid import UUID

import uvloop

from application.contexts import ContextRef, Contexts
from application.ports import Snapshots, SnapshotState, Write
from benchmarks import payloads
from benchmarks.harness import Benchmark, Beside, Prepared, Sample, Side, Work
from domain.contexts.events import Attributes, ContextCreated, ContextEvent, ContextUpdated
from domain.contexts.identity import stream_name
from domain.recorded import stream_id
from infrastructure.eventstore.snapshots import PostgresSnapshots
from infrastructure.eventstore.store import PostgresEventStore
from interfaces.bootstrap import utc_now

SHORT, LONG = 10_000, 100_000
STATE = 100 * 1024
MEMBERS = 100
A_WRITE = 500

S = TypeVar("S", bound=SnapshotState)


class NoSnapshots:
    """Every opening replays."""

    async def newest(self, tenant: str, stream: UUID, kind: type[S]) -> S | None:
        return None

    def offer(self, tenant: str, stream: UUID, state: SnapshotState, size: int, key_id: bytes = b"") -> None:
        """Kept nowhere."""


@contextmanager
def prepare(work: Work) -> Iterator[Prepared]:
    """Two contexts with their snapshots."""
    with work.database() as url:
        uvloop.run(_fill(url))

        def beside() -> Sequence[Beside]:
            short, long = (uvloop.run(_open(url, count, True, work.seconds)) for count in (SHORT, LONG))
            ratio = long.value / short.value
            return (Beside(f"{LONG:,} events ÷ {SHORT:,}, with snapshots", ratio, 1.2, "times"),)

        yield Prepared(
            Side("with snapshots", lambda: uvloop.run(_open(url, SHORT, True, work.seconds))),
            Side("without", lambda: uvloop.run(_open(url, SHORT, False, work.seconds))),
            beside,
        )


async def _fill(url: str) -> None:
    random = Random(payloads.SEED)
    document = {f"member-{n}": "".join(random.choices(ascii_letters, k=STATE // MEMBERS)) for n in range(MEMBERS)}
    async with (
        PostgresEventStore(url, utc_now) as store,
        PostgresSnapshots(store.database, store.tenants) as snapshots,
    ):
        for count in (SHORT, LONG):
            name = stream_name("", _key(count))
            stream = stream_id(payloads.TENANT, name)
            created = ContextCreated(namespace="", key=_key(count), data=document, attributes=Attributes())
            events: list[ContextEvent] = [created, *(_edit(random) for _ in range(count - 1))]
            for start in range(0, count, A_WRITE):
                write = Write(stream, name, start, events[start : start + A_WRITE])
                await store.append(payloads.TENANT, [write], payloads.ORIGIN)
            contexts = Contexts(store, snapshots, utc_now)
            opened, _ = await contexts.get(ContextRef(payloads.TENANT, "", _key(count)))
            assert opened.version == count
            # Opening it offered a snapshot, which is written beside.
            while (kept := await snapshots.newest(payloads.TENANT, stream, type(opened))) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert kept.version == count


def _edit(random: Random) -> ContextUpdated:
    text = "".join(random.choices(ascii_letters, k=STATE // MEMBERS))
    member = f"/member-{random.randrange(MEMBERS)}"
    return ContextUpdated(change_type="merge", patch=[{"op": "replace", "path": member, "value": text}])


def _key(count: int) -> str:
    return f"events-{count}"


async def _open(url: str, count: int, with_snapshots: bool, seconds: int) -> Sample:
    """The median of as many cold openings as there is time for."""
    ref = ContextRef(payloads.TENANT, "", _key(count))
    took: list[float] = []
    async with (
        PostgresEventStore(url, utc_now) as store,
        PostgresSnapshots(store.database, store.tenants) as kept,
    ):
        snapshots: Snapshots = kept if with_snapshots else NoSnapshots()
        await Contexts(store, snapshots, utc_now).get(ref)  # connections and plans are not what is measured
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(took) < 3:
            contexts = Contexts(store, snapshots, utc_now)
            started = time.perf_counter()
            context, _ = await contexts.get(ref)
            took.append(time.perf_counter() - started)
            assert context.version == count
    took.sort()
    milliseconds = [1000 * value for value in took]
    p99 = milliseconds[min(len(took) - 1, int(0.99 * len(took)))]
    return Sample(statistics.median(took), statistics.median(milliseconds), p99, {"openings": len(took)})


BENCHMARK = Benchmark("B5", "opening a long context cold", "s", 0.05, "lower", prepare)
