"""B1: events that the event store appends in a second, against the best that single-row INSERTs give.

Ours: event objects in, so encoding is part of it; 64 callers in one process, each appending one event at a time to a
stream of its own and waiting until it is durable. Each run opens the store anew and writes new streams.

pgbench: a transaction of one INSERT of as many bytes, prepared, over the same socket to the same database, once with 8
clients and once with 32; the better of the two counts. Its table has a primary key and nothing else, its payload is
text of the same length as our average payload and origin, and pgbench is a compiled program with two threads. Its
latencies are those of a tenth of its transactions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count, cycle, islice
from random import Random
from string import ascii_letters

import psycopg
import uvloop

from application.ports import Write
from benchmarks import load, payloads, pgbench
from benchmarks.harness import Benchmark, Prepared, Sample, Side, Work
from domain.contexts.events import ContextUpdated
from domain.contexts.identity import stream_name
from domain.recorded import stream_id
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.payloads.codec import Codec, encode_origin
from interfaces.bootstrap import utc_now

CALLERS = 64
CLIENTS = (8, 32)
THREADS = 2
EVENTS = 1024

_TABLE = "CREATE TABLE single_rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text NOT NULL)"
_SCRIPT = "INSERT INTO single_rows (payload) VALUES (:payload);\n"


@contextmanager
def prepare(work: Work) -> Iterator[Prepared]:
    """A database for both."""
    events = payloads.updates(EVENTS)
    size = _average_size(events)
    payload = "".join(Random(payloads.SEED).choices(ascii_letters, k=size))
    runs = count(1)
    with work.database() as url:
        with psycopg.connect(url) as connection:
            connection.execute(_TABLE)

        def ours() -> Sample:
            return uvloop.run(_append(url, events, next(runs), work.seconds))

        def peer() -> Sample:
            tried = [
                pgbench.run(
                    work.server.programs,
                    url,
                    _SCRIPT,
                    {"payload": payload},
                    clients=clients,
                    threads=THREADS,
                    seconds=work.seconds,
                )
                for clients in CLIENTS
            ]
            best = max(tried, key=lambda sample: sample.value)
            tps = {str(sample.raw["clients"]): sample.value for sample in tried}
            return Sample(best.value, best.p50, best.p99, {**best.raw, "tps": tps, "payload_bytes": size})

        yield Prepared(
            Side(f"event store, {CALLERS} callers", ours),
            Side(f"pgbench INSERT, best of {' and '.join(map(str, CLIENTS))} clients", peer),
        )


async def _append(url: str, events: list[ContextUpdated], run: int, seconds: int) -> Sample:
    async with PostgresEventStore(url, utc_now) as store:
        return await load.tasks([_caller(store, events, run, number) for number in range(CALLERS)], seconds)


def _caller(
    store: PostgresEventStore, events: list[ContextUpdated], run: int, number: int
) -> Callable[[], Awaitable[object]]:
    name = stream_name("bench", f"run-{run}-caller-{number}")
    stream = stream_id(payloads.TENANT, name)
    # Callers begin at different places of the same events.
    mine = islice(cycle(events), number * len(events) // CALLERS, None)
    versions = count()

    def append() -> Awaitable[object]:
        write = Write(stream, name, next(versions), [next(mine)])
        return store.append(payloads.TENANT, [write], payloads.ORIGIN)

    return append


def _average_size(events: list[ContextUpdated]) -> int:
    codec = Codec()
    return len(encode_origin(payloads.ORIGIN)) + sum(
        len(codec.encode_event(event, tenant_id=1)) for event in events
    ) // len(events)


BENCHMARK = Benchmark(
    id="B1", title="event store appends", unit="appends/s", target=2, better="higher", prepare=prepare
)
