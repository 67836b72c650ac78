"""The rows of contexts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import dropwhile
from typing import Any

import msgspec
from psycopg import AsyncConnection

from domain.contexts import context as contexts
from domain.contexts.context import Context
from domain.contexts.events import EVENTS, Attributes
from domain.errors import DamagedEventError
from domain.recorded import Event, Recorded
from infrastructure.payloads.codec import Codec, encode
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import PayloadError, is_encrypted
from infrastructure.sql import load
from projections.current_state.v1.known import Key, Row, in_groups
from projections.current_state.v1.rows import by_stream, execute_all, kept_values, of_kinds, unpack
from projections.current_state.v1.sealing import HIDDEN, attributes_place, data_place

_KNOWN = load(__file__, "known_contexts")
_HEAVY = load(__file__, "heavy_contexts")
_WRITE = load(__file__, "write_context")
_REMOVE = load(__file__, "remove_context")

_EVENTS = tuple(EVENTS.values())
_SEARCHABLE = ("session_id", "agent_id", "user_id", "type", "environment", "priority", "importance")

_attributes: msgspec.msgpack.Decoder[Attributes] = msgspec.msgpack.Decoder(Attributes)
_anything: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder()


class ContextTable:
    """Live contexts, their attributes in columns, attributes and data as payloads."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold those events of a batch that are contexts' into the rows."""
        streams = by_stream(of_kinds(events, _EVENTS))
        async for keys, rows in in_groups(connection, streams.keys(), _KNOWN, _HEAVY):
            written, removed = [], []
            for key in keys:
                # One after the other: of all that are known, one at a time is there in full.
                changes, before = streams[key], rows.pop(key, None)
                known = await self._known(connection, before) if before else None
                context = contexts.fold(known, changes if known else _from_its_beginning(changes))
                row = None
                if context and not context.deleted and not context.erased:
                    births = [change.position for change in changes if contexts.begins(change.event)]
                    born = births[-1] if births or not before else before[2]
                    row = self._row(key, context, born, changes[-1].key_id, kept_values(before, changes))
                if row:
                    written.append(row)
                else:
                    removed.append({"tenant_id": key[0], "context_id": key[1]})
            await execute_all(connection, _WRITE, written)
            await execute_all(connection, _REMOVE, removed)

    async def _known(self, connection: AsyncConnection[Any], row: Row) -> Context:
        tenant_id, context_id, _, position, version, namespace, key = row[:7]
        place = tenant_id, context_id, version
        erased_through, attributes, data = 0, Attributes(), None
        try:
            attributes = self._codec.unpack(row[10], _attributes, bound_to=attributes_place(*place))
            data = await unpack(self._codec, connection, tenant_id, row[11], _anything, data_place(*place))
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

    def _row(
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


def _from_its_beginning(changes: Sequence[Recorded[Event]]) -> Iterable[Recorded[Event]]:
    """Of what has no row, because it was deleted or erased, all from where it is created (anew) on."""
    return dropwhile(lambda change: not contexts.begins(change.event), changes)
