"""One transaction that appends a batch: lock, look at the heads, write, commit. Two round trips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

from infrastructure.eventstore.requests import AppendRequest, Head, Plan, StreamKey, plan
from infrastructure.postgres.arrays import BigInts, Byteas, Integers, SmallInts, Texts, Uuids
from infrastructure.sql import load

_LOCK = load(__file__, "lock")
_HEADS = load(__file__, "heads")
_LOG_END = load(__file__, "log_end")
_DRAW_NUMBERS = load(__file__, "draw_stream_numbers")
_INSERT_STREAMS = load(__file__, "insert_streams")
_RAISE_STREAMS = load(__file__, "raise_streams")
_INSERT_EVENTS = load(__file__, "insert_events")
_NOTIFY = load(__file__, "notify")
_EVENT_AT = load(__file__, "event_at")
_MAX_TRACKING = load(__file__, "max_tracking")
_TRACK = load(__file__, "track")

_BLOCK = 64
"""Stream numbers that one draw from the sequence gives; the sequence's increment."""

ROWS_A_STATEMENT = 500
BYTES_A_STATEMENT = 4 * 1024 * 1024
"""Larger statements gain nothing, and a pipeline of some thousand was seen to hang over a Unix socket."""


class StreamNumbers:
    """Numbers for new streams, drawn from the database's sequence in blocks. Those unused at the end are lost."""

    def __init__(self) -> None:
        self._spare: list[int] = []

    async def at_least(self, count: int, connection: AsyncConnection[Any]) -> list[int]:
        """Peek at so many; `used` takes them away."""
        if len(self._spare) < count:
            blocks = -(-(count - len(self._spare)) // _BLOCK)
            cursor = await connection.execute(_DRAW_NUMBERS, {"blocks": blocks})
            for (start,) in await cursor.fetchall():
                self._spare.extend(range(start, start + _BLOCK))
        return self._spare

    def used(self, count: int) -> None:
        """Forget the first so many."""
        del self._spare[:count]


async def begin(
    connection: AsyncConnection[Any],
    requests: Sequence[AppendRequest],
    numbers: StreamNumbers,
    clock: Callable[[], datetime],
) -> Plan:
    """Take the lock and decide what fits; the transaction stays open for `commit` or a rollback.

    READ COMMITTED is needed: each statement after the lock sees what was committed before it was given.
    """
    keys = list({(request.tenant_id, stream.stream_id): None for request in requests for stream in request.streams})
    names = {(request.tenant_id, request.tracking.application_name) for request in requests if request.tracking}
    # More than can be needed, drawn outside the lock: a stream may exist by then.
    spare = await numbers.at_least(len(keys), connection)
    async with connection.pipeline():
        await connection.execute(_LOCK)
        heads_found = await connection.execute(
            _HEADS, {"tenant_ids": Integers([k[0] for k in keys]), "stream_ids": Uuids([k[1] for k in keys])}
        )
        await _sent(connection)
        end_found = await connection.execute(_LOG_END)
    heads: dict[StreamKey, Head] = {
        (tenant_id, stream_id): Head(stream_no, version)
        for tenant_id, stream_id, stream_no, version in await heads_found.fetchall()
    }
    before, last_time = await end_found.fetchone() or (0, datetime.min.replace(tzinfo=UTC))
    tracked: dict[tuple[int, str], int] = {}
    for tenant_id, name in names:
        cursor = await connection.execute(_MAX_TRACKING, {"tenant_id": tenant_id, "application_name": name})
        if row := await cursor.fetchone():
            tracked[tenant_id, name] = row[0]
    # Recorded time never falls, whichever process's clock is behind.
    planned = plan(requests, heads, tracked, spare, before, max(clock(), last_time))
    numbers.used(len(planned.new_streams))
    return planned


async def commit(connection: AsyncConnection[Any], planned: Plan) -> None:
    """Write a plan and commit it."""
    async with connection.pipeline():
        if planned.new_streams:
            new = planned.new_streams
            await connection.execute(
                _INSERT_STREAMS,
                {
                    "tenant_ids": Integers([tenant_id for tenant_id, _ in new]),
                    "stream_nos": BigInts([head.stream_no for head, _ in new.values()]),
                    "stream_ids": Uuids([stream_id for _, stream_id in new]),
                    "versions": Integers([head.version for head, _ in new.values()]),
                    "names": Texts([name for _, name in new.values()]),
                },
            )
        if planned.raised_streams:
            raised = planned.raised_streams
            await connection.execute(
                _RAISE_STREAMS,
                {
                    "tenant_ids": Integers([tenant_id for tenant_id, _ in raised]),
                    "stream_nos": BigInts([head.stream_no for head in raised.values()]),
                    "versions": Integers([head.version for head in raised.values()]),
                },
            )
        await _sent(connection)
        for start, end in _slices(planned.payloads):
            await connection.execute(
                _INSERT_EVENTS,
                {
                    "before": planned.before + start,
                    "recorded_at": planned.recorded_at,
                    "stream_nos": BigInts(planned.stream_nos[start:end]),
                    "tenant_ids": Integers(planned.tenant_ids[start:end]),
                    "versions": Integers(planned.versions[start:end]),
                    "type_ids": SmallInts(planned.type_ids[start:end]),
                    "origins": Byteas(planned.origins[start:end]),
                    "payloads": Byteas(planned.payloads[start:end]),
                },
            )
            await _sent(connection)
        for tenant_id, tracking in planned.trackings:
            await connection.execute(_TRACK, {"tenant_id": tenant_id, **tracking._asdict()})
        await connection.execute(_NOTIFY, {"position": planned.last})
        await connection.commit()


async def _sent(connection: AsyncConnection[Any]) -> None:
    """Wait until a statement given to a pipeline is on its way.

    psycopg 3.3 tries to send once, then waits for the answer: a statement larger than the socket's buffer, which is
    small for a Unix socket, would wait for ever.
    """
    if connection.pgconn.flush():
        await connection.wait(_sending(connection))


def _sending(connection: AsyncConnection[Any]) -> PQGen[None]:
    while connection.pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            # Or the server, too, might wait for us to read.
            connection.pgconn.consume_input()


async def was_committed(connection: AsyncConnection[Any], planned: Plan) -> bool:
    """Whether a plan whose commit was never answered is in the log.

    Takes the lock first: if the old transaction is still under way, this waits for its end. It was one transaction, so
    its first event tells of all; of a plan without events, what it tracked.
    """
    await connection.execute(_LOCK)
    if planned.stream_nos:
        cursor = await connection.execute(_EVENT_AT, {"position": planned.before + 1})
        first = (planned.stream_nos[0], planned.versions[0], planned.recorded_at, planned.payloads[0])
        committed = await cursor.fetchone() == first
    else:
        tenant_id, tracking = planned.trackings[0]
        names = {"tenant_id": tenant_id, "application_name": tracking.application_name}
        cursor = await connection.execute(_MAX_TRACKING, names)
        committed = await cursor.fetchone() == (tracking.notification_id,)
    await connection.rollback()
    return committed


def _slices(payloads: Sequence[bytes]) -> list[tuple[int, int]]:
    slices, start, size = [], 0, 0
    for index, payload in enumerate(payloads):
        if index > start and (index - start >= ROWS_A_STATEMENT or size + len(payload) > BYTES_A_STATEMENT):
            slices.append((start, index))
            start, size = index, 0
        size += len(payload)
    if len(payloads) > start:
        slices.append((start, len(payloads)))
    return slices
