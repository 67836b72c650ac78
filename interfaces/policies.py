"""The process that carries out what follows from events: the policies with what they need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from application.cache import StateCache
from application.policies.process import Policies as Carrying
from application.policies.process import Sizes
from application.ports import Clock
from infrastructure.eventstore.dictionaries import FollowingDictionaries
from infrastructure.eventstore.group_commit import Limits
from infrastructure.eventstore.snapshots import PostgresSnapshots
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.keys.ring import KeyRing
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.compression import Compression
from infrastructure.settings import Settings
from projections.policies.v1.project import Policies

CACHE_BYTES = 32 * 1024 * 1024
"""Bytes of states in memory: each is looked at about once."""


@asynccontextmanager
async def open_policies(
    settings: Settings, url: str, keys: KeyRing | None, clock: Clock, sizes: Sizes | None = None
) -> AsyncIterator[Policies]:
    """The policies on a database, ready to be run. They write to the log in the role of the API."""
    compression = Compression(settings.compress_above, with_dictionaries=settings.compression_dictionaries)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            PostgresEventStore(
                url,
                clock,
                pool_min=1,
                pool_max=max(4, settings.pool_min),
                limits=Limits(queue=settings.append_queue, patience=settings.append_patience),
                codec=Codec(compression, keys, settings.large_value_bytes),
                keys=keys,
            )
        )
        await stack.enter_async_context(
            FollowingDictionaries(store.database, compression.dictionaries, settings.dictionary_poll)
        )
        snapshots = await stack.enter_async_context(
            PostgresSnapshots(store.database, store.tenants, Codec(keys=keys, large_above=settings.large_value_bytes))
        )
        cache = StateCache(clock, min(CACHE_BYTES, settings.cache_bytes), settings.cache_seconds)
        yield Policies(Carrying(store, snapshots, clock, store.tenants.name, cache, sizes or Sizes()))
