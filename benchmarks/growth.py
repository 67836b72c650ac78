"""`python -m benchmarks.growth [--events N]`: what appending and reading cost as the log grows, in two layouts.

One table with a unique index of streams and versions, which is ours; and a table partitioned by position, a million to
a partition, where PostgreSQL can't have that index and the heads in `streams` are the only guard. Both are filled on
the server with events of the size of real ones and then measured at each step: appends by 64 callers, a page of the
log, and the last events of a stream.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import uvloop
from psycopg import sql
from rich.console import Console
from rich.table import Table

from application.ports import Write
from benchmarks import load, machine, payloads, report
from benchmarks.postgres import Server, durable_server
from domain.contexts.identity import stream_name
from domain.recorded import stream_id
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.postgres.connections import connect
from infrastructure.sql import load as load_sql
from interfaces.bootstrap import utc_now

STEPS = (10_000, 100_000, 1_000_000, 3_000_000, 10_000_000)
A_PARTITION = 1_000_000
A_STREAM = 50
"""Events of each stream that the log is filled with."""
AT_ONCE = 500_000
READS = 300

_PARTITIONED = load_sql(__file__, "partitioned_log")
_FILL_STREAMS = load_sql(__file__, "fill_streams")
_FILL_EVENTS = load_sql(__file__, "fill_events")
_SIZE: LiteralString = """
SELECT (pg_total_relation_size('contextline.events') + coalesce(sum(pg_total_relation_size(relid)), 0)::bigint)
    / (SELECT max(position) FROM contextline.events)::float8
FROM pg_partition_tree('contextline.events')
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the curves, and write them down beside the other results."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.growth", description=__doc__.partition("\n")[0] if __doc__ else ""
    )
    parser.add_argument("--events", type=int, default=STEPS[-1], help="how far the log grows")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long appends are measured at each step")
    given = parser.parse_args(arguments)
    out, at = Console(highlight=False), datetime.now(UTC)
    measured: dict[str, list[dict[str, Any]]] = {}
    with durable_server() as server:
        for layout in ("one table", "partitioned"):
            measured[layout] = list(_grow(server, layout, [step for step in STEPS if step <= given.events], given, out))
        facts = {**machine.facts(), "postgresql": server.facts()}
    out.print(_table(measured))
    made = {"growth": measured, "machine": facts, "at": at.isoformat()}
    path = report.RESULTS / f"growth-{at:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(made, indent=2, default=str) + "\n")
    out.print(f"written to {Path('benchmarks') / 'results' / path.name}", style="dim")


def _grow(
    server: Server, layout: str, steps: Sequence[int], given: argparse.Namespace, out: Console
) -> Sequence[dict[str, Any]]:
    rows = []
    with server.database() as url:
        if layout == "partitioned":
            _partition(url, given.events + 10 * A_PARTITION)
        filled = 0
        for run, step in enumerate(steps):
            started = time.perf_counter()
            filled = asyncio.run(_fill(url, filled, step))
            took = time.perf_counter() - started
            server.checkpoint()
            row = {"events": step, "filled_in_s": took, **uvloop.run(_measure(url, run, step, filled, given.seconds))}
            with psycopg.connect(url) as connection:
                found = connection.execute(_SIZE).fetchone()
            row["bytes_an_event"] = found[0] if found else None
            out.print(f"{layout}: {row}", style="dim", markup=False)
            rows.append(row)
    return rows


def _partition(url: str, most: int) -> None:
    statement = sql.SQL("CREATE TABLE contextline.{} PARTITION OF contextline.events FOR VALUES FROM ({}) TO ({})")
    with psycopg.connect(url) as connection:
        connection.execute(_PARTITIONED)
        for number, start in enumerate(range(0, most, A_PARTITION)):
            name = sql.Identifier(f"events_{number}")
            connection.execute(statement.format(name, sql.Literal(start), sql.Literal(start + A_PARTITION)))
            connection.execute(sql.SQL("GRANT SELECT, INSERT ON contextline.{} TO contextline_api").format(name))


async def _fill(url: str, filled: int, end: int) -> int:
    """The streams and the events up to `end`, minus what the measured appends may have added."""
    async with await connect(url, autocommit=True, statement_timeout="0") as connection:
        while True:
            cursor = await connection.execute("SELECT coalesce(max(position), 0) FROM contextline.events")
            row = await cursor.fetchone()
            position = int(row[0]) if row else 0
            if position >= end:
                break
            events = min(AT_ONCE, end - position)
            parameters = {"first_stream": filled // A_STREAM, "events": events, "a_stream": A_STREAM}
            await connection.execute(_FILL_STREAMS, parameters)
            await connection.execute(_FILL_EVENTS, {**parameters, "position": position, "now": utc_now()})
            filled += -(-events // A_STREAM) * A_STREAM
        await connection.execute("ANALYZE contextline.events, contextline.streams")
    return filled


async def _measure(url: str, run: int, events: int, filled: int, seconds: float) -> dict[str, Any]:
    random = Random(run)
    async with PostgresEventStore(url, utc_now) as store:
        updates = payloads.updates(1024)

        def caller(number: int) -> Any:
            name = stream_name("grown", f"{run}-{number}")
            stream, versions = stream_id(payloads.TENANT, name), count()

            def append() -> Any:
                version = next(versions)
                write = Write(stream, name, version, [updates[(version + number) % len(updates)]])
                return store.append(payloads.TENANT, [write], payloads.ORIGIN)

            return append

        appended = await load.tasks([caller(number) for number in range(64)], seconds)
        pages, streams = [], []
        for _ in range(READS):
            started = time.perf_counter()
            rows = await store.reader.log_rows(random.randrange(max(1, events - 1_000)), 1_000)
            pages.append(time.perf_counter() - started)
            assert rows
            stream = UUID(int=random.randrange(filled // A_STREAM) + 1)
            started = time.perf_counter()
            rows = await store.reader.stream_rows(1, stream, after=A_STREAM - 10)
            streams.append(time.perf_counter() - started)
            assert 9 <= len(rows) <= 10, stream
    return {
        "appends_a_second": appended.value,
        "append_p50_ms": appended.p50,
        "append_p99_ms": appended.p99,
        "page_of_1000_p50_ms": 1000 * statistics.median(pages),
        "last_10_of_a_stream_p50_ms": 1000 * statistics.median(streams),
    }


def _table(measured: dict[str, list[dict[str, Any]]]) -> Table:
    made = Table(box=None, header_style="bold", pad_edge=False)
    names = ("events", "appends_a_second", "append_p50_ms", "page_of_1000_p50_ms", "last_10_of_a_stream_p50_ms")
    for name in ("layout", *names, "bytes_an_event"):
        made.add_column(name.replace("_", " "), justify="left" if name == "layout" else "right")
    for layout, rows in measured.items():
        for row in rows:
            figures = [report.number(row[name]) for name in (*names[1:], "bytes_an_event")]
            made.add_row(layout, f"{row['events']:,}", *figures)
    return made


if __name__ == "__main__":
    main()
