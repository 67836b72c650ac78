"""B8: bytes in the database for recorded agent runs, against the same events as JSON text.

The runs are the real ones of tau-bench where they lie beside the project, else made ones, which the demo makes. They
are stored as the demo stores them, through the public client and the whole API (in one process, without a socket), into
a fresh database, anew for each run.

Ours: all that the tables of the log take after a VACUUM of the two that change much: `events`, `streams`, `tenants`,
`event_types`, dictionaries, large values and whatever else is in the schema, but for snapshots, the library's tables
and the registry of read models; with indexes, TOAST and maps, in whole pages. Read models are in schemas of their own.
Payloads are compressed as a store that is in use has them: with the shipped dictionary, which was made from made
events, until a tenth of the runs is stored; then `contextline compression train` makes one of what is there, and the
rest goes with that. The target counts dictionaries; the trained one's bytes are in the sum.

The other side: a line of compact JSON in UTF-8 for each event, with its end of line: `position`, `recordedAt` (to the
microsecond), `tenant`, `stream` (name), `streamId`, `version`, `type`, those members of the origin that are known
(`actor`, `agentId`, `sessionId`, …) and `data`, the event's own fields. As in our payloads, fields that have their
defaults are left out, which makes the text shorter and the ratio worse.

Beside: the same with the shipped dictionary alone, and with none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import httpx
import msgspec
import psycopg
import uvloop
from rich.console import Console

from benchmarks import payloads
from benchmarks.harness import Benchmark, BenchmarkError, Beside, Prepared, Sample, Side, Work
from contextline import AsyncContextClient
from demo.load import load
from demo.made_runs import make_runs
from demo.runs import Run, parse_runs, read_runs
from domain.recorded import Event, Recorded
from infrastructure.eventstore.names import event_types, tenants
from infrastructure.eventstore.read import LogReader
from infrastructure.eventstore.train_dictionary import train_dictionary
from infrastructure.payloads.codec import event_name
from infrastructure.payloads.training import TooFewEventsError
from infrastructure.postgres.connections import API
from infrastructure.postgres.database import Database
from infrastructure.settings import Settings
from infrastructure.sql import load as load_sql
from interfaces.bootstrap import utc_now
from interfaces.http.app import create_app

_ROOT = Path(__file__).resolve().parent.parent
RECORDED = (_ROOT / "data" / "tau-bench", _ROOT.parent / "shared" / "data" / "tau-bench")
"""Where recorded runs are looked for."""
MADE = 200
TRAINED_AFTER = 10
"""A dictionary is trained when one run in so many was stored."""
TARGET = 0.4

_TABLE_SIZES = load_sql(__file__, "table_sizes")
_STREAM_NAMES = load_sql(__file__, "stream_names")

Sizes = dict[str, dict[str, int]]


class Stored(NamedTuple):
    """What a way of storing the runs took: bytes of each table, and of the same events as JSON text."""

    sizes: Sizes
    events: int
    payload_bytes: int
    origin_bytes: int
    text_bytes: int

    @property
    def total(self) -> int:
        """Bytes in the database."""
        return sum(size["total"] for size in self.sizes.values())

    @property
    def ratio(self) -> float:
        """To JSON text."""
        return self.total / self.text_bytes


@contextmanager
def prepare(work: Work) -> Iterator[Prepared]:
    """The runs; databases are made as they are needed."""
    name, runs = find_runs()
    stored: dict[int, Stored] = {}
    calls = count()

    def this_run() -> Stored:
        # Both sides of a run are of the same database, whichever comes first.
        run = next(calls) // 2
        if run not in stored:
            stored[run] = store(work, runs, train_after=max(1, len(runs) // TRAINED_AFTER))
        return stored[run]

    def ours() -> Sample:
        found = this_run()
        return Sample(found.total, raw={**found._asdict(), "bytes_an_event": found.total / found.events})

    def peer() -> Sample:
        found = this_run()
        return Sample(found.text_bytes, raw={"events": found.events, "bytes_an_event": found.text_bytes / found.events})

    def beside() -> Sequence[Beside]:
        return [
            Beside("with the shipped dictionary alone", store(work, runs).ratio, None, "of the text"),
            Beside("without dictionaries", store(work, runs, with_dictionaries=False).ratio, None, "of the text"),
        ]

    yield Prepared(Side(f"tables, {len(runs)} {name} runs", ours), Side("JSON text", peer), beside)


def find_runs(folders: Sequence[Path] = RECORDED) -> tuple[str, list[Run]]:
    """What they are, `recorded` or `made`, and the runs.

    Raises:
        BenchmarkError: there is a folder for recorded ones, and no recording in it.
    """
    for folder in folders:
        if folder.is_dir():
            files = sorted([*folder.glob("*.json"), *folder.glob("*.json.gz")])
            if not files:
                raise BenchmarkError(f"there are no runs in {folder.name}")
            return "recorded", read_runs(files[0])
    return "made", parse_runs(msgspec.json.encode(make_runs(MADE, payloads.SEED)))


def store(work: Work, runs: list[Run], *, with_dictionaries: bool = True, train_after: int | None = None) -> Stored:
    """Store the runs in a fresh database; `train_after`: the number of runs after which a dictionary is trained."""
    with ExitStack() as stack:
        url = stack.enter_context(work.database())
        first, rest = runs[:train_after], runs[train_after:] if train_after else []
        uvloop.run(_load(url, first, with_dictionaries))
        if rest:
            uvloop.run(_train(url))
            uvloop.run(_load(url, rest, with_dictionaries))
        sizes = _measure(url)
        text_bytes = uvloop.run(_text_bytes(url))
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT count(*), sum(length(payload)), sum(length(origin)) FROM contextline.events"
            ).fetchone()
        assert row is not None, "an aggregate gives a row"
        return Stored(sizes, int(row[0]), int(row[1]), int(row[2]), text_bytes)


async def _load(url: str, runs: list[Run], with_dictionaries: bool) -> None:
    # The defaults, whatever somebody's environment says.
    settings = Settings.model_construct(compression_dictionaries=with_dictionaries)
    app = create_app(settings, url)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        AsyncContextClient("http://127.0.0.1", transport=transport) as client,
    ):
        await load(client, runs, Console(quiet=True))


async def _train(url: str) -> None:
    async with Database(url, API, pool_min=1, pool_max=2) as database:
        tenant_id = await tenants(database).number(payloads.TENANT)
        try:
            training = await train_dictionary(database, tenant_id, 10_000, utc_now())
        except TooFewEventsError as error:
            raise BenchmarkError(f"too few runs to train a dictionary on: {error}") from error
    if training.number is None:
        raise BenchmarkError("the dictionary that was trained is no better than the shipped one")


def _measure(url: str) -> Sizes:
    with psycopg.connect(url, autocommit=True) as connection:
        # What autovacuum would get round to: the others change too rarely.
        connection.execute("VACUUM contextline.events, contextline.streams")
        rows = connection.execute(_TABLE_SIZES).fetchall()
    return {
        name: {"heap": heap, "toast": toast, "indexes": indexes, "total": total}
        for name, heap, toast, indexes, total in rows
    }


async def _text_bytes(url: str) -> int:
    with psycopg.connect(url) as connection:
        names: dict[UUID, str] = dict(connection.execute(_STREAM_NAMES).fetchall())
    async with Database(url, API, pool_min=1, pool_max=2) as database:
        reader = LogReader(database, event_types(database))
        after = size = 0
        while events := await reader.log(after):
            size += sum([len(text_line(event, names[event.stream_id])) for event in events])
            after = events[-1].position
    return size


def text_line(recorded: Recorded[Event], stream: str) -> bytes:
    """An event as a line of JSON."""
    origin = {_camel(name): value for name, value in msgspec.to_builtins(recorded.origin).items()}
    document = {
        "position": recorded.position,
        "recordedAt": recorded.recorded_at,
        "tenant": payloads.TENANT,
        "stream": stream,
        "streamId": recorded.stream_id,
        "version": recorded.version,
        "type": event_name(recorded.event),
        **origin,
        "data": recorded.event,
    }
    return msgspec.json.encode(document) + b"\n"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


BENCHMARK = Benchmark(
    id="B8", title="bytes in the database", unit="bytes", target=TARGET, better="lower", prepare=prepare
)
