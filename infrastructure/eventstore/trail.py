"""A stream's trail: what can be told of its versions without their keys."""

from __future__ import annotations

from typing import get_args
from uuid import UUID

from application.ports import Trace
from domain.catalogue import NAMES, Erasure
from infrastructure.eventstore.names import Numbered
from infrastructure.eventstore.pages import PAGE
from infrastructure.eventstore.read import LogReader
from infrastructure.payloads import header

_ERASURES = tuple(NAMES[kind] for kind in get_args(Erasure))


async def read_trail(reader: LogReader, types: Numbered, tenant_id: int, stream_id: UUID) -> list[Trace]:
    """Of each version. Only erasures are decoded, which are in the clear."""
    traces: list[Trace] = []
    while True:
        after = traces[-1].version if traces else 0
        rows = await reader.stream_rows(tenant_id, stream_id, after=after, limit=PAGE)
        for row in rows:
            key_id = header.parse(row.payload).key_id if header.is_encrypted(row.payload) else b""
            destroyed = None
            if await types.name(row.type_id) in _ERASURES:
                (recorded,) = await reader.decode([row])
                assert isinstance(recorded.event, Erasure)
                destroyed = recorded.event.keys
            traces.append(Trace(row.version, row.position, key_id, destroyed))
        if len(rows) < PAGE:
            return traces
