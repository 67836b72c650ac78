"""How events change the current state: by the aggregates' own folding, on the rows that a batch touches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from itertools import dropwhile
from pathlib import Path
from typing import Any

import msgspec
from psycopg import AsyncConnection

from domain.access.events import AccessesRecorded
from domain.catalogue import EVENTS
from domain.contexts import context as contexts
from domain.contexts.context import Context
from domain.contexts.events import EVENTS as CONTEXT_EVENTS
from domain.contexts.events import Attributes
from domain.erasure import Erased
from domain.errors import DamagedEventError
from domain.recorded import Event, Recorded
from domain.sessions import session as sessions
from domain.sessions.events import EVENTS as SESSION_EVENTS
from domain.sessions.lifecycle import ERASED
from domain.sessions.session import Session
from infrastructure.eventstore.large_values import LargeValues
from infrastructure.payloads.codec import Codec, encode
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import PayloadError, is_encrypted
from infrastructure.payloads.large_values import references
from infrastructure.postgres.arrays import BigInts, Integers, Uuids
from infrastructure.sql import load
from projections.current_state.v1.known import Key, Row, fetch, in_groups
from projections.current_state.v1.sealing import HIDDEN, attributes_place, data_place, document_place

_TABLES = (Path(__file__).parent / "tables.sql").read_bytes()
_KNOWN_CONTEXTS = load(__file__, "known_contexts")
_HEAVY_CONTEXTS = load(__file__, "heavy_contexts")
_WRITE_CONTEXT = load(__file__, "write_context")
_REMOVE_CONTEXT = load(__file__, "remove_context")
_ADD_READS = load(__file__, "add_reads")
_KNOWN_SESSIONS = load(__file__, "known_sessions")
_HEAVY_SESSIONS = load(__file__, "heavy_sessions")
_WRITE_SESSION = load(__file__, "write_session")
_REMOVE_SESSION = load(__file__, "remove_session")

_CONTEXT_EVENTS = tuple(CONTEXT_EVENTS.values())
_SESSION_EVENTS = tuple(SESSION_EVENTS.values())
_SEARCHABLE = ("session_id", "agent_id", "user_id", "type", "environment", "priority", "importance")

_READS_A_STATEMENT = 10_000

_attributes: msgspec.msgpack.Decoder[Attributes] = msgspec.msgpack.Decoder(Attributes)
_anything: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder()
_session: msgspec.msgpack.Decoder[Session] = msgspec.msgpack.Decoder(Session)


class CurrentState:
    """The current state of contexts and sessions, version 1."""

    name = "current_state"
    version = 1

    def __init__(self, codec: Codec | None = None) -> None:
        self._codec = codec or Codec()

    async def set_up(self, connection: AsyncConnection[Any]) -> None:
        """Make the tables where they are missing."""
        await connection.execute(_TABLES)

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold a batch into the rows."""
        await self._apply_contexts(connection, [event for event in events if _is_of(event, _CONTEXT_EVENTS)])
        await self._apply_sessions(connection, [event for event in events if _is_of(event, _SESSION_EVENTS)])
        await self._apply_reads(connection, events)

    async def _apply_contexts(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        streams = _by_stream(events)
        async for keys, rows in in_groups(connection, streams.keys(), _KNOWN_CONTEXTS, _HEAVY_CONTEXTS):
            written, removed = [], []
            for key in keys:
                # One after the other: of all that are known, one at a time is there in full.
                changes, before = streams[key], rows.pop(key, None)
                known = await self._known_context(connection, before) if before else None
                context = contexts.fold(known, changes if known else _from_its_beginning(changes))
                row = None
                if context and not context.deleted and not context.erased:
                    births = [change.position for change in changes if contexts.begins(change.event)]
                    born = births[-1] if births or not before else before[2]
                    row = self._context_row(key, context, born, changes[-1].key_id, _kept(before, changes))
                if row:
                    written.append(row)
                else:
                    removed.append({"tenant_id": key[0], "context_id": key[1]})
            await _execute_all(connection, _WRITE_CONTEXT, written)
            await _execute_all(connection, _REMOVE_CONTEXT, removed)

    async def _known_context(self, connection: AsyncConnection[Any], row: Row) -> Context:
        tenant_id, context_id, _, position, version, namespace, key = row[:7]
        place = tenant_id, context_id, version
        erased_through, attributes, data = 0, Attributes(), None
        try:
            attributes = self._codec.unpack(row[10], _attributes, bound_to=attributes_place(*place))
            data = await self._unpack(connection, tenant_id, row[11], _anything, data_place(*place))
        except ErasedError:
            erased_through = version
        except PayloadError as error:
            where = f"stream {context_id} version {version} (position {position})"
            raise DamagedEventError(f"{where}: its row in current_state can't be read: {error}") from error
        return Context(
            id=context_id,
            namespace=namespace,
            key=key,
            version=version,
            position=position,
            data=data,
            attributes=attributes,
            created_at=row[7],
            updated_at=row[8],
            expires_at=row[9],
            encrypted=is_encrypted(row[10]),
            erased_through=erased_through,
        )

    async def _unpack(
        self, connection: AsyncConnection[Any], tenant_id: int, payload: bytes, decoder: Any, bound_to: bytes
    ) -> Any:
        hashes = references(payload)
        if not hashes:
            return self._codec.unpack(payload, decoder, bound_to=bound_to)
        values = await LargeValues(partial(fetch, connection), self._codec).read(tenant_id, hashes)
        return self._codec.unpack(payload, decoder, bound_to=bound_to, values=values)

    def _context_row(
        self, key: Key, context: Context, created_position: int, key_id: bytes, kept: Collection[bytes]
    ) -> dict[str, Any] | None:
        """Encrypted with the key of the last event; None where that was destroyed since the event was read."""
        attributes, place = context.attributes, (*key, context.version)
        try:
            attributes_seal = self._codec.seal(key_id, attributes_place(*place))
            data_seal = self._codec.seal(key_id, data_place(*place))
        except ErasedError:
            return None
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
            "attributes": self._codec.pack(attributes, seal=attributes_seal),
            "data": self._codec.close_referring(encode(context.data), kept, seal=data_seal),
            **{name: getattr(attributes, name) for name in _SEARCHABLE},
            **(HIDDEN if key_id else {}),
        }

    async def _apply_sessions(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        streams = _by_stream(events)
        async for keys, rows in in_groups(connection, streams.keys(), _KNOWN_SESSIONS, _HEAVY_SESSIONS):
            written, removed = [], []
            for key in keys:
                changes, before = streams[key], rows.pop(key, None)
                row = None
                try:
                    known = await self._known_session(connection, before) if before else None
                except ErasedError:
                    pass  # It stays erased, whatever comes.
                else:
                    after = sessions.fold(known, changes)
                    assert after is not None, "a stream's first event creates it"
                    born = before[2] if before else changes[0].position
                    row = self._session_row(key, after, born, changes[-1].key_id, _kept(before, changes))
                if row:
                    written.append(row)
                else:
                    removed.append({"tenant_id": key[0], "stream_id": key[1]})
            await _execute_all(connection, _WRITE_SESSION, written)
            await _execute_all(connection, _REMOVE_SESSION, removed)

    async def _known_session(self, connection: AsyncConnection[Any], row: Row) -> Session:
        tenant_id, stream_id, _, document = row
        try:
            session: Session = await self._unpack(
                connection, tenant_id, document, _session, document_place(tenant_id, stream_id)
            )
        except PayloadError as error:
            raise DamagedEventError(f"stream {stream_id}: its row in current_state can't be read: {error}") from error
        return session

    def _session_row(
        self, key: Key, session: Session, created_position: int, key_id: bytes, kept: Collection[bytes]
    ) -> dict[str, Any] | None:
        """Encrypted with the key of the last event; None where it is erased."""
        if session.status == ERASED:
            return None
        try:
            seal = self._codec.seal(key_id, document_place(*key))
        except ErasedError:
            return None
        return {
            "tenant_id": key[0],
            "stream_id": key[1],
            "session_id": session.id,
            "created_position": created_position,
            "status": session.status,
            "user_id": session.user_id,
            "created_at": session.created_at,
            "document": self._codec.close_referring(encode(session), kept, seal=seal),
        }

    async def _apply_reads(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """After the contexts of the batch: the statement sees which of their lives each record means."""
        told = [
            (recorded.tenant_id, recorded.position, reads)
            for recorded in events
            if isinstance(recorded.event, AccessesRecorded)
            for reads in recorded.event.contexts
        ]
        for start in range(0, len(told), _READS_A_STATEMENT):
            tenant_ids, positions, reads = zip(*told[start : start + _READS_A_STATEMENT], strict=True)
            await connection.execute(
                _ADD_READS,
                {
                    "tenant_ids": Integers(tenant_ids),
                    "positions": BigInts(positions),
                    "context_ids": Uuids([each.context_id for each in reads]),
                    "created_ats": [each.created_at for each in reads],
                    "reads": BigInts([each.reads for each in reads]),
                    "lasts": [each.last for each in reads],
                },
            )


def _from_its_beginning(changes: Sequence[Recorded[Event]]) -> Iterable[Recorded[Event]]:
    """Of what has no row, because it was deleted or erased, all from where it is created (anew) on."""
    return dropwhile(lambda change: not contexts.begins(change.event), changes)


def _is_of(recorded: Recorded[Event], kinds: tuple[type[Event], ...]) -> bool:
    event = recorded.event
    return EVENTS[event.name] in kinds if isinstance(event, Erased) else isinstance(event, kinds)


def _by_stream(events: Sequence[Recorded[Event]]) -> dict[Key, list[Recorded[Event]]]:
    streams: dict[Key, list[Recorded[Event]]] = {}
    for event in events:
        streams.setdefault((event.tenant_id, event.stream_id), []).append(event)
    return streams


def _kept(row: Row | None, changes: Sequence[Recorded[Event]]) -> set[bytes]:
    """The large values that a stream's events refer to: its row may too, and makes none of its own.

    A row is written over with each change, and nothing would remove what it alone had referred to.
    """
    kept = set(references(row[-1])) if row else set()
    return kept.union(*(change.large_values for change in changes))


async def _execute_all(connection: AsyncConnection[Any], statement: bytes, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(statement, rows)
