"""What is asked of the log, and the pure part of answering: which of a batch's appends fit, and where they go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.errors import VersionConflictError

ABSENT = -1
"""The expected version that only a stream that doesn't exist has. Ours begin at 1 and expect 0; the library's recorder
interface may begin one at 0."""


class NewEvent(NamedTuple):
    """An event as bytes, not yet in the log."""

    type_id: int
    origin: bytes
    payload: bytes


class StreamAppend(NamedTuple):
    """Events for one stream, whose version must be `expected` (0 where it doesn't exist)."""

    stream_id: UUID
    stream_name: str
    expected: int
    events: Sequence[NewEvent]


class Tracking(NamedTuple):
    """A position in another log, to be recorded with the events that came of it."""

    application_name: str
    notification_id: int


@dataclass(frozen=True, slots=True)
class AppendRequest:
    """All of it is appended, or nothing."""

    tenant_id: int
    streams: Sequence[StreamAppend]
    tracking: Tracking | None = None

    def size(self) -> int:
        """Bytes of payloads, roughly what the append costs on the wire."""
        return sum(len(event.payload) for stream in self.streams for event in stream.events)

    def count(self) -> int:
        """Events."""
        return sum(len(stream.events) for stream in self.streams)


class Appended(NamedTuple):
    """Where it went: the events have the positions from `first` to `last`; a stream's versions go on from expected."""

    first: int
    last: int
    recorded_at: datetime


class Head(NamedTuple):
    """A stream's number and version."""

    stream_no: int
    version: int


StreamKey = tuple[int, UUID]


@dataclass(slots=True)
class Plan:
    """What one transaction will write, in columns."""

    before: int
    recorded_at: datetime
    results: list[Appended | Exception] = field(default_factory=list)
    stream_nos: list[int] = field(default_factory=list)
    tenant_ids: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    type_ids: list[int] = field(default_factory=list)
    origins: list[bytes] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    new_streams: dict[StreamKey, tuple[Head, str]] = field(default_factory=dict)
    raised_streams: dict[StreamKey, Head] = field(default_factory=dict)
    trackings: list[tuple[int, Tracking]] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The log's end after it."""
        return self.before + len(self.stream_nos)

    def is_empty(self) -> bool:
        """Nothing to write: every append of the batch was refused."""
        return not self.stream_nos and not self.trackings


def plan(
    requests: Sequence[AppendRequest],
    heads: dict[StreamKey, Head],
    tracked: dict[tuple[int, str], int],
    numbers: Sequence[int],
    before: int,
    recorded_at: datetime,
) -> Plan:
    """Give each append its place, in order, or its refusal; what one is refused touches no other.

    `heads` are those of the streams named, `tracked` the positions tracked so far, `numbers` unused stream numbers,
    at least as many as there are streams that don't exist.
    """
    result = Plan(before, recorded_at)
    spare = iter(numbers)
    for request in requests:
        refusal = _refusal(request, heads, tracked)
        if refusal is not None:
            result.results.append(refusal)
            continue
        first = result.last + 1
        for stream in request.streams:
            key = (request.tenant_id, stream.stream_id)
            head = heads.get(key) or Head(next(spare), 0)
            version = stream.expected
            for event in stream.events:
                version += 1
                result.stream_nos.append(head.stream_no)
                result.tenant_ids.append(request.tenant_id)
                result.versions.append(version)
                result.type_ids.append(event.type_id)
                result.origins.append(event.origin)
                result.payloads.append(event.payload)
            raised = Head(head.stream_no, version)
            if key in result.new_streams or key not in heads:
                result.new_streams[key] = (raised, stream.stream_name)
            else:
                result.raised_streams[key] = raised
            heads[key] = raised
        if request.tracking:
            tracked[request.tenant_id, request.tracking.application_name] = request.tracking.notification_id
            result.trackings.append((request.tenant_id, request.tracking))
        result.results.append(Appended(first, result.last, recorded_at))
    return result


class TrackingConflictError(Exception):
    """That position, or a later one, was tracked already."""


def _refusal(
    request: AppendRequest, heads: dict[StreamKey, Head], tracked: dict[tuple[int, str], int]
) -> Exception | None:
    reached: dict[StreamKey, int] = {}
    for stream in request.streams:
        key = (request.tenant_id, stream.stream_id)
        head = heads.get(key)
        current = reached.get(key, head.version if head else None)
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
