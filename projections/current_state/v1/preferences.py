"""The rows of preferences: one for each, so that an observation touches one of a user's thousand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from domain.erasure import Erased
from domain.errors import DamagedEventError
from domain.preferences.events import EVENTS, PreferenceCleared, PreferenceObserved, PreferencesErased, PreferenceSet
from domain.preferences.state import Preference, evolve_one
from domain.recorded import Event, Recorded
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import PayloadError
from infrastructure.postgres.arrays import Integers, Texts, Uuids
from infrastructure.sql import load
from projections.current_state.v1.known import fetch
from projections.current_state.v1.rows import by_stream, execute_all, of_kinds
from projections.current_state.v1.sealing import document_place

_KNOWN = load(__file__, "known_preferences")
_WRITE = load(__file__, "write_preference")
_REMOVE = load(__file__, "remove_preference")
_REMOVE_ALL = load(__file__, "remove_preferences")

NAME = "preference"
_EVENTS = tuple(EVENTS.values())

_preference: msgspec.msgpack.Decoder[Preference] = msgspec.msgpack.Decoder(Preference)


class _Place(NamedTuple):
    tenant_id: int
    stream_id: UUID
    type: str
    key: str


class _Known(NamedTuple):
    created_position: int
    preference: Preference


class PreferenceTable:
    """All preferences but those that were cleared or erased."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        """Fold those events of a batch that are preferences' into the rows."""
        blank = []
        changes: dict[_Place, list[Recorded[Event]]] = {}
        for key, stream in by_stream(of_kinds(events, _EVENTS)).items():
            erasures = [
                index for index, change in enumerate(stream) if isinstance(change.event, PreferencesErased | Erased)
            ]
            if erasures:
                blank.append({"tenant_id": key[0], "stream_id": key[1]})
            for change in stream[erasures[-1] + 1 if erasures else 0 :]:
                assert isinstance(change.event, PreferenceObserved | PreferenceSet | PreferenceCleared)
                changes.setdefault(_Place(*key, change.event.type, change.event.key), []).append(change)
        await execute_all(connection, _REMOVE_ALL, blank)
        if not changes:
            return
        known = await self._known(connection, list(changes))
        written, removed = [], []
        for place, of_one in changes.items():
            row = self._row(place, known.get(place), of_one)
            if row:
                written.append(row)
            else:
                removed.append(place._asdict())
        await execute_all(connection, _WRITE, written)
        await execute_all(connection, _REMOVE, removed)

    async def _known(self, connection: AsyncConnection[Any], places: Sequence[_Place]) -> dict[_Place, _Known]:
        wanted = {
            "tenant_ids": Integers([place.tenant_id for place in places]),
            "ids": Uuids([place.stream_id for place in places]),
            "types": Texts([place.type for place in places]),
            "keys": Texts([place.key for place in places]),
        }
        known = {}
        for *place, created_position, document in await fetch(connection, _KNOWN, wanted):
            where = _Place(*place)
            try:
                preference = self._codec.unpack(document, _preference, bound_to=document_place(NAME, *where[:2]))
            except ErasedError:
                continue  # The log is about to tell it.
            except PayloadError as error:
                raise DamagedEventError(
                    f"stream {where.stream_id}: a row of its preferences in current_state can't be read: {error}"
                ) from error
            known[where] = _Known(created_position, preference)
        return known

    def _row(self, place: _Place, known: _Known | None, changes: Sequence[Recorded[Event]]) -> dict[str, Any] | None:
        """None where nothing is left of it, or where the key of the last event was destroyed since it was read."""
        position, preference = known or (0, None)
        for change in changes:
            assert isinstance(change.event, PreferenceObserved | PreferenceSet | PreferenceCleared)
            if preference is None:
                position = change.position
            preference = evolve_one(preference, change.event, change.recorded_at)
        last = changes[-1]
        assert isinstance(last.event, PreferenceObserved | PreferenceSet | PreferenceCleared)
        if preference is None:
            return None
        try:
            seal = self._codec.seal(last.key_id, document_place(NAME, place.tenant_id, place.stream_id))
        except ErasedError:
            return None
        return {
            **place._asdict(),
            "created_position": position,
            "user_id": last.event.user_id,
            "explicit": None if seal else preference.explicit,
            "confidence": None if seal else preference.confidence,
            "document": self._codec.pack(preference, seal=seal),
        }
