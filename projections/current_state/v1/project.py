"""How events change the current state: by the aggregates' own folding, on the rows that a batch touches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.contexts import context as contexts
from domain.contexts.context import Context
from domain.contexts.events import EVENTS as CONTEXT_EVENTS
from domain.contexts.events import Attributes, ContextCreated
from domain.recorded import Event, Recorded
from domain.sessions import session as sessions
from domain.sessions.events import EVENTS as SESSION_EVENTS
from domain.sessions.session import Session
from infrastructure.payloads.codec import Codec
from infrastructure.postgres.arrays import Integers, Uuids
from infrastructure.sql import load

_TABLES = (Path(__file__).parent / "tables.sql").read_bytes()
_KNOWN_CONTEXTS = load(__file__, "known_contexts")
_WRITE_CONTEXT = load(__file__, "write_context")
_REMOVE_CONTEXT = load(__file__, "remove_context")
_KNOWN_SESSIONS = load(__file__, "known_sessions")
_WRITE_SESSION = load(__file__, "write_session")

_CONTEXT_EVENTS = tuple(CONTEXT_EVENTS.values())
_SESSION_EVENTS = tuple(SESSION_EVENTS.values())
_SEARCHABLE = ("session_id", "agent_id", "user_id", "type", "environment", "priority", "importance")

_attributes: msgspec.msgpack.Decoder[Attributes] = msgspec.msgpack.Decoder(Attributes)
_anything: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder()
_session: msgspec.msgpack.Decoder[Session] = msgspec.msgpack.Decoder(Session)

Key = tuple[int, UUID]


class CurrentState:
    """The current state of contexts and sessions, version 1."""

    name = "current_state"
    version = 1

    def __init__(self) -> None:
        self._codec = Codec()

    async def set_up(self, connection: AsyncConnection[Any]) -> None:
        """Make the tables where they are missing."""
        await connection.execute(_TABLES)

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold a batch into the rows."""
        await self._apply_contexts(connection, [event for event in events if isinstance(event.event, _CONTEXT_EVENTS)])
        await self._apply_sessions(connection, [event for event in events if isinstance(event.event, _SESSION_EVENTS)])

    async def _apply_contexts(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        streams = _by_stream(events)
        known, created = await self._known_contexts(connection, streams)
        written, removed = [], []
        for key, changes in streams.items():
            context = contexts.fold(known.get(key), changes)
            assert context is not None, "a stream's first event creates it"
            if context.deleted:
                removed.append({"tenant_id": key[0], "context_id": key[1]})
                continue
            births = [change.position for change in changes if isinstance(change.event, ContextCreated)]
            written.append(self._context_row(key, context, births[-1] if births else created[key]))
        await _execute_all(connection, _WRITE_CONTEXT, written)
        await _execute_all(connection, _REMOVE_CONTEXT, removed)

    async def _known_contexts(
        self, connection: AsyncConnection[Any], keys: Iterable[Key]
    ) -> tuple[dict[Key, Context], dict[Key, int]]:
        known: dict[Key, Context] = {}
        created: dict[Key, int] = {}
        tenant_ids, context_ids = Integers([key[0] for key in keys]), Uuids([key[1] for key in keys])
        cursor = await connection.execute(_KNOWN_CONTEXTS, {"tenant_ids": tenant_ids, "context_ids": context_ids})
        async for row in cursor:
            tenant_id, context_id, created_position, position, version, namespace, key = row[:7]
            created[tenant_id, context_id] = created_position
            known[tenant_id, context_id] = Context(
                id=context_id,
                namespace=namespace,
                key=key,
                version=version,
                position=position,
                data=self._codec.unpack(row[11], _anything),
                attributes=self._codec.unpack(row[10], _attributes),
                created_at=row[7],
                updated_at=row[8],
                expires_at=row[9],
            )
        return known, created

    def _context_row(self, key: Key, context: Context, created_position: int) -> dict[str, Any]:
        attributes = context.attributes
        return {
            "tenant_id": key[0],
            "context_id": key[1],
            "created_position": created_position,
            "position": context.position,
            "version": context.version,
            "namespace": context.namespace,
            "key": context.key,
            "tags": list(attributes.tags),
            "features": list(attributes.features),
            "created_at": context.created_at,
            "updated_at": context.updated_at,
            "expires_at": context.expires_at,
            "attributes": self._codec.pack(attributes),
            "data": self._codec.pack(context.data),
            **{name: getattr(attributes, name) for name in _SEARCHABLE},
        }

    async def _apply_sessions(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        streams = _by_stream(events)
        known: dict[Key, tuple[Session, int]] = {}
        tenant_ids, stream_ids = Integers([key[0] for key in streams]), Uuids([key[1] for key in streams])
        cursor = await connection.execute(_KNOWN_SESSIONS, {"tenant_ids": tenant_ids, "stream_ids": stream_ids})
        async for tenant_id, document, created_position in cursor:
            session = self._codec.unpack(document, _session)
            known[tenant_id, session.stream_id] = (session, created_position)
        written = []
        for key, changes in streams.items():
            before, created_position = known.get(key, (None, changes[0].position))
            after = sessions.fold(before, changes)
            assert after is not None, "a stream's first event creates it"
            written.append(
                {
                    "tenant_id": key[0],
                    "stream_id": key[1],
                    "session_id": after.id,
                    "created_position": created_position,
                    "status": after.status,
                    "user_id": after.user_id,
                    "created_at": after.created_at,
                    "document": self._codec.pack(after),
                }
            )
        await _execute_all(connection, _WRITE_SESSION, written)


def _by_stream(events: Sequence[Recorded[Event]]) -> dict[Key, list[Recorded[Event]]]:
    streams: dict[Key, list[Recorded[Event]]] = {}
    for event in events:
        streams.setdefault((event.tenant_id, event.stream_id), []).append(event)
    return streams


async def _execute_all(connection: AsyncConnection[Any], statement: bytes, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(statement, rows)
