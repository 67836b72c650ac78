"""B2: whole commands in a second, in process: load, decide, append durably; against `eventsourcing`'s own way of it.

Ours: `Contexts.update` from 64 concurrent callers, each on a context of its own of about 2 KiB, merging a new message
into it.

`eventsourcing`: its Application with its own PostgreSQL recorder; 8 threads, each going round 8 aggregates of its own,
so that there are 64 as well, with the same document and the same changes. A command is `repository.get`, the
aggregate's `@event` method and `save`. What was chosen for it, and why:

- AGGREGATE_CACHE_MAXSIZE=4096, so that all are kept, as ours are: without a cache every command would replay the whole
  stream.
- AGGREGATE_CACHE_FASTFORWARD=n: a kept aggregate is taken as it is and a conflict is found by the insert, as ours does
  it. The default asks the database for newer events before each command.
- DEEPCOPY_FROM_AGGREGATE_CACHE=n: the copy that it makes by default keeps a refused save from leaving a changed
  aggregate in the cache. No two threads share an aggregate here, so none is refused, and it is spared the cost.
- POSTGRES_POOL_SIZE=8: a connection for each thread, over the same Unix socket as ours.
- POSTGRES_ENABLE_DB_FUNCTIONS stays off, the default: its insert function takes no table lock, so ids need not rise in
  commit order and followers of the log can miss events, which ours never lets happen.
- JSON transcoder, no compressor, no cipher: the defaults. No snapshots: nothing is ever replayed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count, cycle, islice
from typing import Any
from uuid import UUID

import uvloop
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict

from application.contexts import ContextRef, Contexts
from benchmarks import load, payloads
from benchmarks.harness import Benchmark, Prepared, Sample, Side, Work
from domain.contexts.commands import StoreContext, UpdateContext
from domain.contexts.events import Attributes
from infrastructure.eventstore.snapshots import PostgresSnapshots
from infrastructure.eventstore.store import PostgresEventStore
from interfaces.bootstrap import utc_now

CALLERS = 64
THREADS = 8
MESSAGES = 1024
KEPT = 4096
"""Aggregates that the library may keep in memory."""

Message = dict[str, Any]


class Conversation(Aggregate):
    """What a context is, in the library's words."""

    @event("Stored")
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    @event("Updated")
    def update(self, last: Message, action: str, reason: str) -> None:
        self.data = {**self.data, "last": last}


class Conversations(Application[UUID]):
    """The library's application for it."""

    def store(self, data: dict[str, Any]) -> UUID:
        conversation = Conversation(data=data)
        self.save(conversation)
        return conversation.id

    def update(self, conversation_id: UUID, last: Message) -> None:
        conversation: Conversation = self.repository.get(conversation_id)
        conversation.update(last=last, action="message-added", reason="the agent took a turn")
        self.save(conversation)


@contextmanager
def prepare(work: Work) -> Iterator[Prepared]:
    """A database for both."""
    messages = payloads.messages(MESSAGES)
    runs = count(1)
    with work.database() as url:
        yield Prepared(
            Side(
                f"Contexts.update, {CALLERS} callers",
                lambda: uvloop.run(_ours(url, messages, next(runs), work.seconds)),
            ),
            Side(f"eventsourcing's Application, {THREADS} threads", lambda: _peer(url, messages, work.seconds)),
        )


async def _ours(url: str, messages: list[Message], run: int, seconds: int) -> Sample:
    async with (
        PostgresEventStore(url, utc_now) as store,
        PostgresSnapshots(store.database, store.tenants) as snapshots,
    ):
        contexts = Contexts(store, snapshots, utc_now)
        calls = []
        for number in range(CALLERS):
            ref = ContextRef(payloads.TENANT, "bench", f"run-{run}-caller-{number}")
            first = StoreContext(
                namespace=ref.namespace, key=ref.key, data=_document(messages), attributes=Attributes(ttl=86_400)
            )
            await contexts.store(ref, first, payloads.ORIGIN)
            calls.append(_caller(contexts, ref, _from(messages, number)))
        return await load.tasks(calls, seconds)


def _caller(contexts: Contexts, ref: ContextRef, messages: Iterator[Message]) -> Callable[[], Awaitable[object]]:
    def update() -> Awaitable[object]:
        command = UpdateContext(
            # A list is replaced as a whole, so that the change has the message in it and nothing else.
            data={"last": [next(messages)]},
            change_type="merge",
            action="message-added",
            reason="the agent took a turn",
        )
        return contexts.update(ref, command, payloads.ORIGIN)

    return update


def _peer(url: str, messages: list[Message], seconds: int) -> Sample:
    with Conversations(env=environment(url)) as application:
        calls = []
        for number in range(THREADS):
            mine = [application.store(_document(messages)) for _ in range(CALLERS // THREADS)]
            calls.append(_thread(application, cycle(mine), _from(messages, number)))
        return load.threads(calls, seconds)


def _thread(application: Conversations, mine: Iterator[UUID], messages: Iterator[Message]) -> Callable[[], object]:
    return lambda: application.update(next(mine), next(messages))


def environment(url: str) -> dict[str, str]:
    """The library's settings for a database; the module's docstring says why these."""
    where = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(where["dbname"]),
        "POSTGRES_HOST": str(where["host"]),
        "POSTGRES_PORT": str(where["port"]),
        "POSTGRES_USER": str(where["user"]),
        "POSTGRES_PASSWORD": "",
        "POSTGRES_POOL_SIZE": str(THREADS),
        "AGGREGATE_CACHE_MAXSIZE": str(KEPT),
        "AGGREGATE_CACHE_FASTFORWARD": "n",
        "DEEPCOPY_FROM_AGGREGATE_CACHE": "n",
    }


def _document(messages: list[Message]) -> dict[str, Any]:
    return {"messages": messages[:8], "last": [messages[8]]}


def _from(messages: list[Message], number: int) -> Iterator[Message]:
    """All of them over and over; callers begin at different places."""
    return islice(cycle(messages), number * len(messages) // CALLERS, None)


BENCHMARK = Benchmark(
    id="B2", title="whole commands in process", unit="commands/s", target=12, better="higher", prepare=prepare
)
