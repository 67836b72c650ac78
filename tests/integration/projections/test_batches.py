"""Rows and position move together or not at all; what can't be applied is tried again, told, and never passed over."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from domain.errors import UnknownEventError
from domain.recorded import Event, Recorded, stream_id
from infrastructure.eventstore.requests import AppendRequest, NewEvent, StreamAppend
from infrastructure.postgres.connections import PROJECTION, connect
from projections.current_state.v1.project import CurrentState
from projections.engine.runner import ProjectionAheadError
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api
from tests.fixtures.waiting import DEADLINE, eventually
from tests.integration.projections.reading import catch_up, fetch, position, rows, runner, running, state


class Troubled(CurrentState):
    """Applies, and then something happens before the transaction is committed."""

    def __init__(self, trouble: Exception | None = None, times: int = 1_000_000) -> None:
        super().__init__()
        self.trouble, self.times = trouble, times
        self.applied: list[list[int]] = []
        self.stuck = asyncio.Event()

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        await super().apply(connection, events)
        self.applied.append([event.position for event in events])
        if self.trouble is None:
            self.stuck.set()
            await asyncio.Event().wait()
        elif len(self.applied) <= self.times:
            raise self.trouble


async def keys(url: str) -> set[str]:
    return {row["key"] for row in (await rows(url))["contexts"].values()}


async def health(api: Api) -> Any:
    answer = await api.http.get("/api/context/health")
    assert answer.status_code == 200
    return answer.json()


async def test_a_batch_that_fails_in_the_middle_leaves_neither_rows_nor_position(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    for number in range(3):
        await api.stored(f"k{number}", number)
    projection = Troubled(RuntimeError("no good"))
    async with running(database_url, clock, projection):
        await eventually(lambda: len(projection.applied) > 2)
        assert await keys(database_url) == set()
        assert (await state(database_url))["position"] == 0
    assert all(batch == [1, 2, 3] for batch in projection.applied)


async def test_a_process_that_ends_in_the_middle_of_a_batch_leaves_it_to_the_next(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    await api.stored("k", 1)
    projection = Troubled()
    async with running(database_url, clock, projection):
        await asyncio.wait_for(projection.stuck.wait(), DEADLINE)
    assert await keys(database_url) == set()
    assert await position(database_url) == 0
    await catch_up(database_url, clock, 1)
    assert await keys(database_url) == {"k"}


async def test_a_connection_that_is_cut_in_the_middle_of_a_batch_costs_a_new_try(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    await api.stored("k", 1)
    projection = Troubled()
    async with running(database_url, clock, projection):
        await asyncio.wait_for(projection.stuck.wait(), DEADLINE)
        assert await keys(database_url) == set()
        # As if it had been killed: the server ends its session, and its lease runs out.
        await fetch(
            database_url.replace("//contextline@", "//postgres@"),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND state = 'idle in transaction'",
        )
        clock.advance(10)
        await catch_up(database_url, clock, 1, owner="the next")
    assert await keys(database_url) == {"k"}


@pytest.mark.parametrize(
    "trouble", [RuntimeError("no good"), psycopg.errors.ProgramLimitExceeded("index row size exceeds maximum")]
)
async def test_an_event_that_can_not_be_applied_is_told_tried_again_and_not_passed_over(
    api: Api, database_url: str, clock: MovableClock, trouble: Exception
) -> None:
    await api.stored("k", 1)
    projection = Troubled(trouble)
    async with running(database_url, clock, projection):

        async def told() -> Any:
            return (await state(database_url)).get("error")

        assert str(trouble) in await eventually(told)
        await api.stored("later", 2)
        tried = len(projection.applied)
        await eventually(lambda: len(projection.applied) > tried + 1)
        assert {batch[0] for batch in projection.applied} == {1}
        assert await position(database_url) == 0
        unwell = await health(api)
        assert unwell["status"] == "degraded"
        assert str(trouble) in unwell["checks"]["projection:current_state"]["detail"]
        (item,) = (await api.http.get("/api/projections")).json()["items"]
        assert str(trouble) in item["error"]
        assert (item["position"], item["lag"], item["live"]) == (0, 2, True)

        projection.times = 0
        await api.keys()
        assert await keys(database_url) == {"k", "later"}
        assert await told() is None
        assert (await health(api))["checks"]["projection:current_state"]["status"] == "healthy"


async def test_an_event_of_an_unknown_name_stops_the_projection_and_is_not_passed_over(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    await api.stored("before", 1)
    await catch_up(database_url, clock, 1)
    store = api.services.store
    strange = NewEvent(await store.type_id("context-teleported"), b"", b"\x10\x80")
    stream = StreamAppend(stream_id("default", "context\n\nstrange"), "context\n\nstrange", 0, [strange])
    await store.append_raw(AppendRequest(1, [stream]))
    await api.stored("after", 1)
    async with runner(database_url, clock) as stopped:
        with pytest.raises(UnknownEventError, match="context-teleported"):
            await asyncio.wait_for(stopped.run(), DEADLINE)
    assert await keys(database_url) == {"before"}
    known = await state(database_url)
    assert known["position"] == 1
    assert "run a newer one" in known["error"]
    unwell = await health(api)
    assert (unwell["status"], unwell["checks"]["database"]["status"]) == ("degraded", "healthy")
    assert (await api.got("after"))["data"] == 1


async def test_a_read_model_that_is_ahead_of_a_restored_log_is_refused_with_what_to_do(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    await api.stored("kept", 1)
    await api.stored("lost", 1)
    await catch_up(database_url, clock, 2)
    # A restore brings an older log back. The log itself lets no one delete from it but who can switch its guard off.
    async with await connect(database_url.replace("//contextline@", "//postgres@")) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DELETE FROM contextline.events WHERE position = 2")
    async with runner(database_url, clock) as stopped:
        with pytest.raises(ProjectionAheadError, match=r"up to position 2, but the log ends at 1.*restored") as refusal:
            await asyncio.wait_for(stopped.run(), DEADLINE)
    assert (await state(database_url))["error"] == str(refusal.value)
    assert await position(database_url) == 2
    # Whoever remembers a position that the log does not have any more is told so, and does not wait.
    answer = await api.http.get("/api/context/get/kept", params={"minPosition": 2})
    assert (answer.status_code, answer.json()["code"]) == (409, "position-not-in-log")


async def test_a_read_model_whose_tables_were_dropped_is_built_anew(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    await api.stored("k", 1)
    await catch_up(database_url, clock, 1)
    async with await connect(database_url, PROJECTION) as connection:
        await connection.execute("DROP SCHEMA current_state_v1 CASCADE")
    async with running(database_url, clock):
        assert await eventually(lambda: built(database_url)) == {"k"}


async def built(url: str) -> set[str]:
    """The keys of the read model, none while it has no tables."""
    with contextlib.suppress(psycopg.errors.UndefinedTable):
        return await keys(url)
    return set()


async def test_a_projection_that_has_never_run_or_looks_no_more_makes_the_health_degraded(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    unwell = await health(api)
    assert unwell["checks"]["projection:current_state"] == {"status": "unhealthy", "detail": "has never run"}
    await api.stored("k", 1)
    await catch_up(database_url, clock, 1)
    found = await health(api)
    # The policies have never run here, and are told by themselves.
    assert found["status"] == "degraded"
    assert found["checks"]["projection:policies"]["detail"] == "has never run"
    assert found["checks"]["projection:current_state"]["status"] == "healthy"
    clock.advance(31)
    assert "looked at the log 31 s ago" in (await health(api))["checks"]["projection:current_state"]["detail"]
    await api.stored("waits", 1)
    clock.advance(5)
    (item,) = (await api.http.get("/api/projections")).json()["items"]
    assert (item["lag"], item["lagSeconds"]) == (1, 5.0)
