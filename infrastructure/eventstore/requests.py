"""What is asked of the log, and why an append may be refused.

These are made for each append. Structs are quicker made than tuples, and none of them can be part of a cycle, so the
garbage collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.errors import VersionConflictError
from infrastructure.payloads.pieces import Piece

ABSENT = -1
"""The expected version that only a stream that doesn't exist has. Ours begin at 1 and expect 0; the library's recorder
interface may begin one at 0."""


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as bytes, not yet in the log.

    `references` are the hashes of the large values that its payload refers to, `beside` the bytes of those.
    """

    type_id: int
    origin: bytes
    payload: bytes
    references: tuple[bytes, ...] = ()
    beside: int = 0


class StreamAppend(msgspec.Struct, frozen=True, gc=False):
    """Events for one stream, whose version must be `expected` (0 where it doesn't exist)."""

    stream_id: UUID
    stream_name: str
    expected: int
    events: Sequence[NewEvent]


class Tracking(NamedTuple):
    """A position in another log, to be recorded with the events that came of it."""

    application_name: str
    notification_id: int


class AppendRequest(msgspec.Struct, frozen=True, gc=False):
    """All of it is appended, or nothing."""

    tenant_id: int
    streams: Sequence[StreamAppend]
    tracking: Tracking | None = None
    large_values: Sequence[Piece] = ()
    """The pieces of large values that the events refer to."""

    def weight(self) -> tuple[int, int]:
        """How many events, and the bytes of their payloads: roughly what the append costs on the wire."""
        events = size = 0
        for stream in self.streams:
            for event in stream.events:
                events += 1
                size += len(event.payload)
        for piece in self.large_values:
            size += len(piece.payload or b"")
        return events, size


class Appended(msgspec.Struct, frozen=True, gc=False):
    """Where it went: the events have the positions from `first` to `last`; a stream's versions go on from expected."""

    first: int
    last: int
    recorded_at: datetime


class TrackingConflictError(Exception):
    """That position, or a later one, was tracked already."""


StreamKey = tuple[int, int]
"""A stream's tenant and its id as a number, which is hashed faster than a UUID."""


def refusals(
    requests: Sequence[AppendRequest], heads: Mapping[StreamKey, int], tracked: Mapping[tuple[int, str], int]
) -> list[Exception | None]:
    """Why each append of a batch, one after the other, can't be made; None for one that can.

    What one is refused touches no other. `heads` are the versions of the streams that exist, `tracked` the positions
    tracked so far.
    """
    reached, followed = dict(heads), dict(tracked)
    found: list[Exception | None] = []
    for request in requests:
        refusal = _refusal(request, reached, followed)
        found.append(refusal)
        if refusal is None:
            for stream in request.streams:
                reached[request.tenant_id, stream.stream_id.int] = stream.expected + len(stream.events)
            if request.tracking:
                followed[request.tenant_id, request.tracking.application_name] = request.tracking.notification_id
    return found


def _refusal(
    request: AppendRequest, heads: Mapping[StreamKey, int], tracked: Mapping[tuple[int, str], int]
) -> Exception | None:
    reached: dict[StreamKey, int] = {}
    for stream in request.streams:
        key = (request.tenant_id, stream.stream_id.int)
        current = reached.get(key, heads.get(key))
        if current is None:
            if stream.expected not in (0, ABSENT):
                return VersionConflictError(stream.expected, 0)
        elif current != stream.expected:
            return VersionConflictError(stream.expected, current)
        # A request may come back to a stream that it named before.
        reached[key] = stream.expected + len(stream.events)
    if request.tracking:
        known = tracked.get((request.tenant_id, request.tracking.application_name))
        if known is not None and known >= request.tracking.notification_id:
            return TrackingConflictError(f"{request.tracking} was tracked already: it is at {known}")
    return None
