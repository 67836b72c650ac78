"""Snapshots: a cache that bounds replay. Taken beside the commands, never waited for, never trusted when in doubt."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from typing import Any, Self, TypeVar
from uuid import UUID

import msgspec

from application.ports import SnapshotState
from infrastructure.eventstore.names import Numbered
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.header import PayloadError
from infrastructure.postgres.database import Database
from infrastructure.sql import load

_log = logging.getLogger(__name__)

_NEWEST = load(__file__, "newest_snapshot")
_KEEP = load(__file__, "keep_snapshot")

S = TypeVar("S", bound=SnapshotState)


class PostgresSnapshots:
    """Implements `application.ports.Snapshots`. Use as an asynchronous context manager."""

    def __init__(self, database: Database, tenants: Numbered, codec: Codec | None = None, waiting: int = 256) -> None:
        self._database, self._tenants, self._codec, self._limit = database, tenants, codec or Codec(), waiting
        self._waiting: OrderedDict[tuple[str, UUID], SnapshotState] = OrderedDict()
        self._unusable: set[tuple[str, UUID]] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="snapshots")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def newest(self, tenant: str, stream_id: UUID, kind: type[S]) -> S | None:
        """The newest usable state; None where there is none, it is of another shape, or it is damaged."""
        tenant_id = await self._tenants.number(tenant)
        rows = await self._database.fetch(_NEWEST, {"tenant_id": tenant_id, "stream_id": stream_id})
        for version, shape, payload in rows:
            if shape == kind.SHAPE:
                if (state := self._decode(payload, kind)) and state.version == version:
                    return state
                _log.warning("the snapshot of stream %s at version %s is damaged: replaying", stream_id, version)
            # Marked, so that the next one replaces it although its version may not be higher.
            self._unusable.add((tenant, stream_id))
        return None

    def offer(self, tenant: str, stream_id: UUID, state: SnapshotState) -> None:
        """Have a state kept some time soon. Where too many wait, the oldest is not kept."""
        self._waiting[tenant, stream_id] = state
        self._waiting.move_to_end((tenant, stream_id))
        if len(self._waiting) > self._limit:
            self._waiting.popitem(last=False)
        self._wake.set()

    def _decode(self, payload: bytes, kind: type[S]) -> S | None:
        decoder: msgspec.msgpack.Decoder[S] = msgspec.msgpack.Decoder(kind)
        try:
            return self._codec.unpack(payload, decoder)
        except PayloadError:
            return None

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                (tenant, stream_id), state = self._waiting.popitem(last=False)
                try:
                    await self._keep(tenant, stream_id, state)
                except Exception:
                    # It is a cache: the next one is taken whatever happened to this one.
                    _log.exception("the snapshot of stream %s was not kept", stream_id)

    async def _keep(self, tenant: str, stream_id: UUID, state: SnapshotState) -> None:
        row: dict[str, Any] = {
            "tenant_id": await self._tenants.number(tenant),
            "stream_id": stream_id,
            "version": state.version,
            "shape": state.SHAPE,
            "payload": self._codec.pack(state),
            "replace": (tenant, stream_id) in self._unusable,
        }
        await self._database.fetch(_KEEP, row)
        self._unusable.discard((tenant, stream_id))
