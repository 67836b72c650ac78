"""The composition root: who gets what. Tests hand in parts of their own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from application.contexts import Contexts
from application.ports import Clock
from application.sessions import Sessions
from infrastructure.eventstore.follow import PROJECTION_CHANNEL, Listener
from infrastructure.eventstore.group_commit import Limits
from infrastructure.eventstore.names import event_types
from infrastructure.eventstore.read import LogReader
from infrastructure.eventstore.snapshots import PostgresSnapshots
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.compression import Compression
from infrastructure.postgres.connections import API, PROJECTION, connect
from infrastructure.postgres.database import Database
from infrastructure.settings import Settings
from projections.current_state.v1.project import CurrentState
from projections.current_state.v1.read import CurrentStateReader
from projections.engine.projection import Projection
from projections.engine.registry import Registry
from projections.engine.runner import Runner

PROJECTIONS: dict[str, Callable[[], Projection]] = {CurrentState.name: CurrentState}
"""The read models that this program has, by name."""


def utc_now() -> datetime:
    """The clock of the real world."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """What the API's routes work with."""

    settings: Settings
    clock: Clock
    store: PostgresEventStore
    contexts: Contexts
    sessions: Sessions
    current_state: CurrentStateReader
    registry: Registry


@asynccontextmanager
async def services(settings: Settings, url: str, clock: Clock = utc_now) -> AsyncIterator[Services]:
    """The API's services on a database, opened and closed again."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            PostgresEventStore(
                url,
                clock,
                pool_min=settings.pool_min,
                pool_max=settings.pool_max,
                limits=Limits(queue=settings.append_queue, patience=settings.append_patience),
                codec=Codec(Compression(settings.compress_above)),
            )
        )
        snapshots = await stack.enter_async_context(PostgresSnapshots(store.database, store.tenants))
        progress = await stack.enter_async_context(
            Listener(lambda: connect(url, API, autocommit=True), PROJECTION_CHANNEL)
        )
        yield Services(
            settings=settings,
            clock=clock,
            store=store,
            contexts=Contexts(store, snapshots, clock, settings.cached_contexts),
            sessions=Sessions(store, snapshots, clock, lambda: f"sess_{uuid4().hex}", settings.cached_contexts),
            current_state=CurrentStateReader(store.database, clock),
            registry=Registry(store.database, progress, store.end),
        )


async def run_projections(settings: Settings, url: str, names: list[str], clock: Clock = utc_now) -> None:
    """Run read models side by side until cancelled; one that can't go on ends them all with its error."""
    # Told apart also from an earlier process that had the same number.
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    async with Database(url, PROJECTION, pool_min=1, pool_max=max(4, len(names))) as database:
        reader = LogReader(database, event_types(database))
        async with asyncio.TaskGroup() as group:
            for name in names:
                runner = Runner(
                    PROJECTIONS[name](),
                    reader,
                    url,
                    owner,
                    clock,
                    batch=settings.projection_batch,
                    poll=settings.projection_poll,
                )
                group.create_task(runner.run(), name=name)
