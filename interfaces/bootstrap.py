"""The composition root: who gets what. Tests hand in parts of their own."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from application.access import Accesses
from application.activity import Activities, RecentCommands
from application.batching import Batches
from application.branches import Branches
from application.cache import StateCache
from application.capturing.capturing import Capturing
from application.checkpoints import Checkpoints
from application.contexts import Contexts
from application.decisions import Decisions
from application.erasure import Erasure
from application.ports import Clock, KnownReads
from application.preferences import UserPreferences
from application.session_branches import Branching
from application.sessions import AT_ONCE, Sessions
from application.synchronizing import Synchronizing
from application.tasks import Tasks
from application.together import Together
from domain.contexts.checkpoints import Checkpointing
from domain.errors import UnavailableError
from infrastructure.background import end
from infrastructure.capture.reading import Readers
from infrastructure.capture.secrets import SecretRules
from infrastructure.eventstore.dictionaries import FollowingDictionaries
from infrastructure.eventstore.follow import PROJECTION_CHANNEL, Listener
from infrastructure.eventstore.group_commit import Limits
from infrastructure.eventstore.names import Numbered, event_types
from infrastructure.eventstore.read import LogReader
from infrastructure.eventstore.snapshots import PostgresSnapshots
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.keys.opening import open_keys
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.compression import Compression
from infrastructure.postgres.connections import API, PROJECTION, connect
from infrastructure.postgres.database import Database
from infrastructure.settings import Settings
from infrastructure.tokens import Tokenizer, open_tokenizer
from interfaces.activity import CurrentStateActivity
from interfaces.directory import CurrentStateDirectory
from interfaces.policies import open_policies
from projections.current_state.v1.project import CurrentState
from projections.current_state.v1.read import CurrentStateReader
from projections.current_state.v1.read_decisions import DecisionReader
from projections.current_state.v1.read_preferences import PreferenceReader
from projections.current_state.v1.read_sessions import SessionReader
from projections.current_state.v1.read_tasks import TaskReader
from projections.engine.policies import PolicyRunner
from projections.engine.projection import Projection
from projections.engine.registry import Registry
from projections.engine.runner import Runner
from projections.policies.v1.project import Policies

_log = logging.getLogger(__name__)

PROJECTIONS: dict[str, Callable[[Codec], Projection]] = {CurrentState.name: CurrentState}
"""The read models that this program has, by name."""

FOLLOWERS = (*PROJECTIONS, Policies.name)
"""All that follows the log: the read models, and the policies, which act on what they see there."""


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
    checkpoints: Checkpoints
    branches: Branches
    synchronizing: Synchronizing
    batches: Batches
    sessions: Sessions
    tasks: Tasks
    decisions: Decisions
    preferences: UserPreferences
    cache: StateCache
    accesses: Accesses
    current_state: CurrentStateReader
    session_rows: SessionReader
    task_rows: TaskReader
    decision_rows: DecisionReader
    preference_rows: PreferenceReader
    registry: Registry
    erasure: Erasure
    branching: Branching
    capturing: Capturing
    tokenizer: Tokenizer | None


class _AccessTotals:
    """How often contexts were read, from the current state. Implements `application.ports.AccessTotals`."""

    def __init__(self, tenants: Numbered, current_state: CurrentStateReader) -> None:
        self._tenants, self._current_state = tenants, current_state

    async def totals(self, tenant: str, context_ids: Sequence[UUID]) -> tuple[int, Mapping[UUID, KnownReads]]:
        tenant_id = await self._tenants.number(tenant)
        position, rows = await self._current_state.known_reads(tenant_id, context_ids)
        return position, {row.context_id: KnownReads(row.created_at, row.reads, row.last) for row in rows}


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Something that goes on beside, while the block does."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        await end(task)


@asynccontextmanager
async def services(settings: Settings, url: str, clock: Clock = utc_now) -> AsyncIterator[Services]:
    """The API's services on a database, opened and closed again."""
    compression = Compression(settings.compress_above, with_dictionaries=settings.compression_dictionaries)
    keys, recent = open_keys(settings, clock), RecentCommands()
    async with AsyncExitStack() as stack:
        if keys:
            stack.callback(keys.close)
        store = await stack.enter_async_context(
            PostgresEventStore(
                url,
                clock,
                pool_min=settings.pool_min,
                pool_max=settings.pool_max,
                limits=Limits(queue=settings.append_queue, patience=settings.append_patience),
                codec=Codec(compression, keys, settings.large_value_bytes),
                keys=keys,
                heard=recent.note,
            )
        )
        await stack.enter_async_context(
            FollowingDictionaries(store.database, compression.dictionaries, settings.dictionary_poll)
        )
        snapshots = await stack.enter_async_context(
            PostgresSnapshots(store.database, store.tenants, Codec(keys=keys, large_above=settings.large_value_bytes))
        )
        progress = await stack.enter_async_context(
            Listener(lambda: connect(url, API, autocommit=True), PROJECTION_CHANNEL)
        )
        current_state = CurrentStateReader(store.database, clock, Codec(keys=keys))
        registry = Registry(store.database, progress, store.end)
        directory = CurrentStateDirectory(store, current_state, registry, settings.read_timeout)
        erasure = Erasure(store, keys, directory)
        await stack.enter_async_context(_running(_finish_erasures(erasure), "erasures"))
        cache = StateCache(clock, settings.cache_bytes, settings.cache_seconds)
        await stack.enter_async_context(_running(cache.keep_expiring(), "cache"))
        accesses = await stack.enter_async_context(
            Accesses(
                store,
                cache,
                _AccessTotals(store.tenants, current_state),
                interval=settings.access_interval,
                batch=settings.access_batch,
            )
        )
        session_rows = SessionReader(store.database, clock, Codec(keys=keys))
        activity = CurrentStateActivity(store, session_rows, registry, settings.read_timeout)
        sessions = Sessions(store, snapshots, clock, lambda: f"sess_{uuid4().hex}", cache, Activities(activity, recent))
        if settings.expiry_interval is not None:
            expiries = _record_expiries(sessions, store.tenants, settings.expiry_interval)
            await stack.enter_async_context(_running(expiries, "expiries"))
        checkpointing = Checkpointing(settings.auto_checkpoint_interval, settings.auto_checkpoints_kept)
        contexts = Contexts(store, snapshots, clock, cache, accesses, checkpointing)
        capturing = stack.enter_context(Capturing(contexts, Together(store, clock), clock, Readers(), SecretRules()))
        yield Services(
            settings=settings,
            clock=clock,
            store=store,
            contexts=contexts,
            checkpoints=Checkpoints(contexts, clock),
            branches=Branches(contexts, Together(store, clock), clock),
            synchronizing=Synchronizing(contexts, clock),
            batches=Batches(contexts, Together(store, clock)),
            sessions=sessions,
            tasks=Tasks(store, snapshots, clock, sessions, lambda: f"task_{uuid4().hex}", cache),
            decisions=Decisions(store, snapshots, clock, lambda: f"dec_{uuid4().hex}", cache),
            preferences=UserPreferences(store, snapshots, clock, cache),
            cache=cache,
            accesses=accesses,
            current_state=current_state,
            session_rows=session_rows,
            task_rows=TaskReader(store.database, clock, Codec(keys=keys)),
            decision_rows=DecisionReader(store.database, clock, Codec(keys=keys)),
            preference_rows=PreferenceReader(store.database, clock, Codec(keys=keys)),
            registry=registry,
            erasure=erasure,
            branching=Branching(store, snapshots, clock, sessions.make_id, cache),
            capturing=capturing,
            tokenizer=open_tokenizer(settings.tokenizer_file),
        )


async def _finish_erasures(erasure: Erasure) -> None:
    """What was cut short when a process ended, told to the log as soon as that can be reached."""
    pause = 0.1
    while True:
        try:
            await erasure.finish()
            return
        except UnavailableError:
            await asyncio.sleep(pause)
            pause = min(2 * pause, 10.0)
        except Exception:
            _log.exception("an erasure that was cut short could not be told to the log; trying again")
            await asyncio.sleep(10.0)


async def _record_expiries(sessions: Sessions, tenants: Numbered, interval: float) -> None:
    """Until cancelled: the expiry of sessions is recorded some time after it came."""
    while True:
        await asyncio.sleep(interval)
        try:
            for tenant in await tenants.names():
                while len(await sessions.expire_due(tenant)) == AT_ONCE:
                    pass
        except UnavailableError as error:
            _log.warning("sessions that have expired are not recorded yet: %s", error)
        except Exception:
            _log.exception("sessions that have expired could not be recorded; trying again")


async def run_projections(settings: Settings, url: str, names: list[str], clock: Clock = utc_now) -> None:
    """Run what follows the log side by side until cancelled; one that can't go on ends them all with its error."""
    # Told apart also from an earlier process that had the same number.
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    keys = open_keys(settings, clock)
    async with AsyncExitStack() as stack:
        if keys:
            stack.callback(keys.close)
        database = await stack.enter_async_context(Database(url, PROJECTION, pool_min=1, pool_max=max(4, len(names))))
        reader = LogReader(database, event_types(database), Codec(keys=keys))
        given = (reader, url, owner, clock)
        options: dict[str, Any] = {"batch": settings.projection_batch, "poll": settings.projection_poll}
        runners: dict[str, Runner] = {}
        for name in names:
            if name == Policies.name:
                policies = await stack.enter_async_context(open_policies(settings, url, keys, clock))
                runners[name] = PolicyRunner(policies, *given, **options)
            else:
                projection = PROJECTIONS[name](Codec(keys=keys, large_above=settings.large_value_bytes))
                runners[name] = Runner(projection, *given, **options)
        async with asyncio.TaskGroup() as group:
            for name, runner in runners.items():
                group.create_task(runner.run(), name=name)
