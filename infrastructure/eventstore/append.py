"""A batch of appends as the parameters of the database's `append`: one statement, one exchange, one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import UUID

import msgspec
from psycopg.pq.abc import PGresult

from domain.errors import VersionConflictError
from infrastructure.eventstore import large_values
from infrastructure.eventstore.requests import ABSENT, Appended, AppendRequest, StreamAppend, StreamKey
from infrastructure.payloads.pieces import Piece
from infrastructure.postgres.arrays import BigInts, Byteas, Integers, SmallInts, Texts, Uuids
from infrastructure.postgres.pipeline import Prepared, Statement
from infrastructure.sql import load

_TIMESTAMPTZ, _UUID, _INTEGER, _BIGINT = 1184, 2950, 23, 20
_INTEGERS, _BIGINTS, _SMALLINTS, _UUIDS, _TEXTS, _BYTEAS = 1007, 1016, 1005, 2951, 1009, 1001
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

APPEND = Prepared(
    b"append",
    load(__file__, "append"),
    (
        *(_UUID, _INTEGER, _BIGINT, _TIMESTAMPTZ),
        *(_INTEGERS, _UUIDS, _INTEGERS, _INTEGERS),
        *(_INTEGERS, _UUIDS, _INTEGERS, _TEXTS),
        *(_INTEGERS, _INTEGERS, _SMALLINTS, _BYTEAS, _BYTEAS),
        *(_INTEGERS, _TEXTS, _BIGINTS),
    ),
)
HEADS = Prepared(b"heads", load(__file__, "heads_of_batch"), (_INTEGERS, _UUIDS))
TRACKED = Prepared(b"tracked", load(__file__, "tracked"), (_INTEGERS, _TEXTS))

CONFLICT, SUPERSEDED = "CL001", "CL002"
"""What `append` raises: a belief about a stream was wrong; a later connection of this writer has taken over."""

ROWS_A_STATEMENT = 1_000
BYTES_A_STATEMENT = 4 * 1024 * 1024
"""A batch that is larger goes as several statements of one transaction."""


class _Stream:
    """A stream that the batch has named: its version after what came so far, and its place in the statement."""

    __slots__ = ("index", "statement", "version")

    def __init__(self, statement: _Arguments, index: int, version: int) -> None:
        self.statement, self.index, self.version = statement, index, version

    def reach(self, version: int) -> None:
        """The version that it gets."""
        self.version = version
        if self.index > 0:
            self.statement.old_versions[self.index - 1] = version
        else:
            self.statement.new_versions[-self.index - 1] = version


class _Arguments:
    """The columns of one statement."""

    def __init__(self) -> None:
        self.old_tenants: list[int] = []
        self.old: list[UUID] = []
        self.old_expected: list[int] = []
        self.old_versions: list[int] = []
        self.new_tenants: list[int] = []
        self.new: list[UUID] = []
        self.new_versions: list[int] = []
        self.new_names: list[str] = []
        self.streams: list[int] = []
        self.versions: list[int] = []
        self.type_ids: list[int] = []
        self.origins: list[bytes] = []
        self.payloads: list[bytes] = []
        self.trackings: list[tuple[int, str, int]] = []
        self.size = 0

    def packed(self, head: Sequence[bytes]) -> Statement:
        trackings, known = self.trackings, len(self.old)
        streams, versions = self.streams, self.versions
        if self.new:
            # A new stream's index is negative until it is known how many come before.
            streams = [n if n > 0 else known - n for n in streams]
        elif streams == list(range(1, known + 1)):
            # One event for each: what the database needs to know is told by the streams alone.
            streams = versions = []
        return Statement(
            APPEND.name,
            [
                *head,
                Integers(self.old_tenants).packed,
                Uuids(self.old).packed,
                Integers(self.old_expected).packed,
                Integers(self.old_versions).packed,
                Integers(self.new_tenants).packed,
                Uuids(self.new).packed,
                Integers(self.new_versions).packed,
                Texts(self.new_names).packed,
                Integers(streams).packed,
                Integers(versions).packed,
                SmallInts(self.type_ids).packed,
                Byteas(self.origins).packed,
                Byteas(self.payloads).packed,
                Integers([one[0] for one in trackings]).packed,
                Texts([one[1] for one in trackings]).packed,
                BigInts([one[2] for one in trackings]).packed,
            ],
        )


class Batch:
    """Appends that go as one transaction; `add` them, then send `statements`.

    `existing` are streams that are known to be there although their version is 0.
    """

    def __init__(self, existing: Collection[StreamKey] = ()) -> None:
        self._existing = existing
        self._streams: dict[StreamKey, _Stream] = {}
        self._statements = [_Arguments()]
        self._counts: list[int] = []
        self._pieces: list[tuple[int, Piece]] = []

    def add(self, request: AppendRequest) -> bool:
        """Whether it fits what came before: a stream that the batch has named has the version expected."""
        if self.conflict(request) is not None:
            return False
        tenant_id, count = request.tenant_id, 0
        for stream in request.streams:
            count += len(stream.events)
            self._add(tenant_id, stream)
        if request.tracking:
            self._statements[-1].trackings.append((tenant_id, *request.tracking))
        if request.large_values:
            self._pieces += [(tenant_id, piece) for piece in request.large_values]
        self._counts.append(count)
        return True

    def conflict(self, request: AppendRequest) -> VersionConflictError | None:
        """Why an append does not fit what came before, or itself; None where it does."""
        if len(request.streams) == 1:
            (stream,) = request.streams
            version = self.version(request.tenant_id, stream.stream_id.int)
            return None if version in (None, stream.expected) else VersionConflictError(stream.expected, version)
        reached: dict[StreamKey, int] = {}
        for stream in request.streams:
            key = (request.tenant_id, stream.stream_id.int)
            # It may come back to a stream that it named before.
            version = reached[key] if key in reached else self.version(*key)
            if version is not None and version != stream.expected:
                return VersionConflictError(stream.expected, version)
            reached[key] = stream.expected + len(stream.events)
        return None

    def version(self, tenant_id: int, stream_number: int) -> int | None:
        """The version that a stream has after it; None if the batch doesn't name it."""
        found = self._streams.get((tenant_id, stream_number))
        return found.version if found else None

    def statements(self, writer: bytes, epoch: int, number: int, written_at: datetime) -> Iterable[Statement]:
        """What to send. Large values come before the appends, which take the lock that others wait for."""
        head = (writer, _integer(epoch), _bigint(number), _instant(written_at))
        appends = [arguments.packed(head) for arguments in self._statements]
        return chain(large_values.statements(self._pieces), appends) if self._pieces else appends

    def appended(self, results: Sequence[PGresult]) -> list[Appended]:
        """Where each append went, from the statements' results."""
        result = results[-len(self._statements)]
        first, recorded_at = result.get_value(0, 0), result.get_value(0, 1)
        assert first is not None, "append gives it"
        assert recorded_at is not None, "append gives it"
        return self.appended_at(int.from_bytes(first, "big"), from_instant(recorded_at))

    def appended_at(self, first: int, recorded_at: datetime) -> list[Appended]:
        """The same, from where the first event went."""
        found = []
        for count in self._counts:
            found.append(Appended(first, first + count - 1, recorded_at))
            first += count
        return found

    @property
    def events_before_last(self) -> int:
        """Events in all statements but the last, whose beginning is what the database remembers of a batch."""
        return sum(len(arguments.payloads) for arguments in self._statements[:-1])

    def _add(self, tenant_id: int, stream: StreamAppend) -> None:
        arguments, version = self._statements[-1], stream.expected
        place: _Stream | None = None
        for event in stream.events:
            payload = event.payload
            size = arguments.size + len(payload)
            if arguments.payloads and (size > BYTES_A_STATEMENT or len(arguments.payloads) >= ROWS_A_STATEMENT):
                if place is not None:
                    place.reach(version)
                    place, stream = None, msgspec.structs.replace(stream, expected=version)
                arguments = _Arguments()
                self._statements.append(arguments)
                size = len(payload)
            if place is None:
                place = self._place(tenant_id, stream, arguments)
            version += 1
            arguments.streams.append(place.index)
            arguments.versions.append(version)
            arguments.type_ids.append(event.type_id)
            arguments.origins.append(event.origin)
            arguments.payloads.append(payload)
            arguments.size = size
        if place is None:
            place = self._place(tenant_id, stream, arguments)
        place.reach(version)

    def _place(self, tenant_id: int, stream: StreamAppend, arguments: _Arguments) -> _Stream:
        key = (tenant_id, stream.stream_id.int)
        place = self._streams.get(key)
        if place is not None and place.statement is arguments:
            return place
        if place is None:
            if stream.expected == ABSENT or (stream.expected == 0 and key not in self._existing):
                arguments.new_tenants.append(tenant_id)
                arguments.new.append(stream.stream_id)
                arguments.new_names.append(stream.stream_name)
                arguments.new_versions.append(stream.expected)
                place = self._streams[key] = _Stream(arguments, -len(arguments.new), stream.expected)
                return place
            place = self._streams[key] = _Stream(arguments, 0, stream.expected)
        # Named before in an earlier statement, it exists by now.
        arguments.old_tenants.append(tenant_id)
        arguments.old.append(stream.stream_id)
        arguments.old_expected.append(stream.expected)
        arguments.old_versions.append(stream.expected)
        place.statement, place.index = arguments, len(arguments.old)
        return place


def heads_wanted(requests: Sequence[AppendRequest]) -> list[Statement]:
    """Statements that ask for the versions of the streams named, and for the positions tracked."""
    keys = list({(request.tenant_id, stream.stream_id): None for request in requests for stream in request.streams})
    names = [(request.tenant_id, request.tracking.application_name) for request in requests if request.tracking]
    return [
        Statement(HEADS.name, [Integers([k[0] for k in keys]).packed, Uuids([k[1] for k in keys]).packed]),
        Statement(TRACKED.name, [Integers([k[0] for k in names]).packed, Texts([k[1] for k in names]).packed]),
    ]


def heads_found(results: Sequence[PGresult]) -> tuple[dict[StreamKey, int], dict[tuple[int, str], int]]:
    """What they answered."""
    heads, tracked = results
    return (
        {(_number(heads, row, 0), _number(heads, row, 1)): _number(heads, row, 2) for row in range(heads.ntuples)},
        {
            (_number(tracked, row, 0), (tracked.get_value(row, 1) or b"").decode()): _number(tracked, row, 2)
            for row in range(tracked.ntuples)
        },
    )


def from_instant(packed: bytes) -> datetime:
    """A timestamptz in PostgreSQL's binary format."""
    return _EPOCH + timedelta(microseconds=int.from_bytes(packed, "big", signed=True))


def _number(result: PGresult, row: int, column: int) -> int:
    # A uuid's 16 bytes have no sign; versions may be below 0 nowhere in the log.
    return int.from_bytes(result.get_value(row, column) or b"", "big")


def _integer(value: int) -> bytes:
    return value.to_bytes(4, "big", signed=True)


def _bigint(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def _instant(value: datetime) -> bytes:
    since = value - _EPOCH
    return _bigint((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
