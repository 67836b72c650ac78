"""The rows of what is kept whole, as a document with columns for what can be asked: sessions, tasks and so on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from psycopg import AsyncConnection

from domain.errors import DamagedEventError
from domain.recorded import Event, Recorded
from infrastructure.payloads.codec import Codec, encode
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import PayloadError
from infrastructure.sql import load
from projections.current_state.v1.known import in_groups
from projections.current_state.v1.rows import by_stream, execute_all, kept_values, of_kinds, unpack
from projections.current_state.v1.sealing import document_place


class Document(Protocol):
    """A state that is kept so."""

    @property
    def version(self) -> int:
        """Of its stream."""
        ...


D = TypeVar("D", bound=Document)


class DocumentTable(Generic[D]):
    """Live aggregates of one kind.

    Its statements are known_NAMEs, heavy_NAMEs, write_NAME and remove_NAME in `sql/`. `columns` are those of a row
    beside tenant_id, stream_id, created_position and document, None for a state that has no row any more.
    """

    def __init__(
        self,
        name: str,
        kind: type[D],
        events: Iterable[type[Event]],
        fold: Callable[[D | None, Iterable[Recorded[Event]]], D | None],
        columns: Callable[[D], dict[str, Any] | None],
        codec: Codec,
    ) -> None:
        self._name, self._events, self._fold, self._columns, self._codec = name, tuple(events), fold, columns, codec
        self._decoder: msgspec.msgpack.Decoder[D] = msgspec.msgpack.Decoder(kind)
        self._known, self._heavy = load(__file__, f"known_{name}s"), load(__file__, f"heavy_{name}s")
        self._write, self._remove = load(__file__, f"write_{name}"), load(__file__, f"remove_{name}")

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold those events of a batch that are of this kind into the rows."""
        streams = by_stream(of_kinds(events, self._events))
        async for keys, rows in in_groups(connection, streams.keys(), self._known, self._heavy):
            written, removed = [], []
            for key in keys:
                changes, before = streams[key], rows.pop(key, None)
                row = None
                try:
                    known = await self._state(connection, before) if before else None
                except ErasedError:
                    pass  # It stays erased, whatever comes.
                else:
                    after = self._fold(known, changes)
                    columns = self._columns(after) if after is not None else None
                    if columns is not None:
                        row = self._row(key, after, columns, before, changes)
                if row:
                    written.append(row)
                else:
                    removed.append({"tenant_id": key[0], "stream_id": key[1]})
            await execute_all(connection, self._write, written)
            await execute_all(connection, self._remove, removed)

    async def _state(self, connection: AsyncConnection[Any], row: Sequence[Any]) -> D:
        tenant_id, stream_id, _, document = row
        place = document_place(self._name, tenant_id, stream_id)
        try:
            state: D = await unpack(self._codec, connection, tenant_id, document, self._decoder, place)
        except PayloadError as error:
            raise DamagedEventError(f"stream {stream_id}: its row in current_state can't be read: {error}") from error
        return state

    def _row(
        self,
        key: tuple[int, Any],
        state: D | None,
        columns: dict[str, Any],
        before: Sequence[Any] | None,
        changes: Sequence[Recorded[Event]],
    ) -> dict[str, Any] | None:
        """Encrypted with the key of the last event; None where that was destroyed since the event was read."""
        try:
            seal = self._codec.seal(changes[-1].key_id, document_place(self._name, *key))
        except ErasedError:
            return None
        kept = kept_values(tuple(before) if before else None, changes)
        return {
            "tenant_id": key[0],
            "stream_id": key[1],
            "created_position": before[2] if before else changes[0].position,
            "document": self._codec.close_referring(encode(state), kept, seal=seal),
            **columns,
        }
