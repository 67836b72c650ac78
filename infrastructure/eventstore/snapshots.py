"""Snapshots: a cache that bounds replay. Taken beside the commands, never waited for, never trusted when in doubt."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Any, NamedTuple, Self, TypeVar
from uuid import UUID

import msgspec

from application.ports import SnapshotState
from infrastructure.background import end
from infrastructure.eventstore.large_values import LargeValues
from infrastructure.eventstore.names import Numbered
from infrastructure.payloads.codec import Codec, encode
from infrastructure.payloads.encryption import SNAPSHOT, ErasedError, place
from infrastructure.payloads.header import PayloadError
from infrastructure.payloads.large_values import NONE, references
from infrastructure.postgres.database import Database
from infrastructure.sql import load

_log = logging.getLogger(__name__)

_NEWEST = load(__file__, "newest_snapshot")
_KEEP = load(__file__, "keep_snapshot")

WAITING_BYTES = 32 * 1024 * 1024
"""Of states that wait to be written. The cache mostly holds the same ones, but they can outlive it there."""

S = TypeVar("S", bound=SnapshotState)


class _Offered(NamedTuple):
    state: SnapshotState
    size: int
    key_id: bytes


class PostgresSnapshots:
    """Implements `application.ports.Snapshots`. Use as an asynchronous context manager."""

    def __init__(
        self, database: Database, tenants: Numbered, codec: Codec | None = None, waiting: int = WAITING_BYTES
    ) -> None:
        self._database, self._tenants, self._codec, self._limit = database, tenants, codec or Codec(), waiting
        self._large_values = LargeValues(database.fetch, self._codec)
        self._waiting: OrderedDict[tuple[str, UUID], _Offered] = OrderedDict()
        self._bytes = 0
        self._unusable: set[tuple[str, UUID]] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="snapshots")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            await end(self._task)

    async def newest(self, tenant: str, stream_id: UUID, kind: type[S]) -> S | None:
        """The newest usable state; None where there is none, it is of another shape, or it is damaged."""
        tenant_id = await self._tenants.number(tenant)
        rows = await self._database.fetch(_NEWEST, {"tenant_id": tenant_id, "stream_id": stream_id})
        for version, shape, payload in rows:
            if shape == kind.SHAPE:
                bound_to = place(SNAPSHOT, tenant_id, stream_id, version)
                try:
                    state = await self._decode(tenant_id, payload, kind, bound_to)
                    if state and state.version == version:
                        return state
                    _log.warning("the snapshot of stream %s at version %s is damaged: replaying", stream_id, version)
                except ErasedError:
                    pass  # what it would tell is not to be told any more
                # Marked, so that the next one replaces it although its version may not be higher.
                self._unusable.add((tenant, stream_id))
        return None

    def offer(self, tenant: str, stream_id: UUID, state: SnapshotState, size: int, key_id: bytes = b"") -> None:
        """Have a state kept some time soon. Where too much waits, the oldest is not kept, but always the newest."""
        before = self._waiting.pop((tenant, stream_id), None)
        self._waiting[tenant, stream_id] = _Offered(state, size, key_id)
        self._bytes += size - (before.size if before else 0)
        while self._bytes > self._limit and len(self._waiting) > 1:
            self._next()
        self._wake.set()

    def _next(self) -> tuple[tuple[str, UUID], _Offered]:
        stream, offered = self._waiting.popitem(last=False)
        self._bytes -= offered.size
        return stream, offered

    async def _decode(self, tenant_id: int, payload: bytes, kind: type[S], bound_to: bytes) -> S | None:
        decoder: msgspec.msgpack.Decoder[S] = msgspec.msgpack.Decoder(kind)
        try:
            hashes = references(payload)
            values = await self._large_values.read(tenant_id, hashes) if hashes else NONE
            return self._codec.unpack(payload, decoder, bound_to=bound_to, values=values)
        except PayloadError:
            return None

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                (tenant, stream_id), offered = self._next()
                try:
                    await self._keep(tenant, stream_id, offered.state, offered.key_id)
                except ErasedError:
                    pass  # its key was destroyed while it waited
                except Exception:
                    # It is a cache: the next one is taken whatever happened to this one.
                    _log.exception("the snapshot of stream %s was not kept", stream_id)

    async def _keep(self, tenant: str, stream_id: UUID, state: SnapshotState, key_id: bytes) -> None:
        tenant_id = await self._tenants.number(tenant)
        # By the key of its last event and no newer one: what was erased must not be kept under another key.
        seal = self._codec.seal(key_id, place(SNAPSHOT, tenant_id, stream_id, state.version))
        body = encode(state)
        if len(body) > self._codec.large_above:
            payload = await self._large_values.close_referring(tenant_id, body, seal)
        else:
            payload = self._codec.close(body, seal=seal)
        # It may be large, and is of no use any more.
        del body
        row: dict[str, Any] = {
            "tenant_id": tenant_id,
            "stream_id": stream_id,
            "version": state.version,
            "shape": state.SHAPE,
            "payload": payload,
            "replace": (tenant, stream_id) in self._unusable,
        }
        await self._database.fetch(_KEEP, row)
        self._unusable.discard((tenant, stream_id))
