"""What the tables of the current state have in common: rows that are folded from the events of their own stream."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from psycopg import AsyncConnection

from domain.catalogue import EVENTS
from domain.erasure import Erased
from domain.recorded import Event, Recorded
from infrastructure.eventstore.large_values import LargeValues
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.large_values import references
from projections.current_state.v1.known import Key, Row, fetch


class Table(Protocol):
    """A table of the current state."""

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold those events of a batch that are its own into its rows."""
        ...


def of_kinds(events: Sequence[Recorded[Event]], kinds: tuple[type[Event], ...]) -> list[Recorded[Event]]:
    """Those of some kinds, also where nothing is left of them but their name."""
    return [recorded for recorded in events if _is_of(recorded.event, kinds)]


def _is_of(event: Event, kinds: tuple[type[Event], ...]) -> bool:
    return EVENTS[event.name] in kinds if isinstance(event, Erased) else isinstance(event, kinds)


def by_stream(events: Sequence[Recorded[Event]]) -> dict[Key, list[Recorded[Event]]]:
    """The events of each stream, in order."""
    streams: dict[Key, list[Recorded[Event]]] = {}
    for event in events:
        streams.setdefault((event.tenant_id, event.stream_id), []).append(event)
    return streams


def kept_values(row: Row | None, changes: Sequence[Recorded[Event]]) -> set[bytes]:
    """The large values that a stream's events refer to: its row may too, and makes none of its own.

    A row is written over with each change, and nothing would remove what it alone had referred to.
    """
    kept = set(references(row[-1])) if row else set()
    return kept.union(*(change.large_values for change in changes))


async def unpack(
    codec: Codec, connection: AsyncConnection[Any], tenant_id: int, payload: bytes, decoder: Any, bound_to: bytes
) -> Any:
    """A payload of a row, with the large values that it refers to."""
    hashes = references(payload)
    if not hashes:
        return codec.unpack(payload, decoder, bound_to=bound_to)
    values = await LargeValues(partial(fetch, connection), codec).read(tenant_id, hashes)
    return codec.unpack(payload, decoder, bound_to=bound_to, values=values)


async def execute_all(connection: AsyncConnection[Any], statement: bytes, rows: Sequence[dict[str, Any]]) -> None:
    """A statement for each row."""
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(statement, rows)
