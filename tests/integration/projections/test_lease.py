"""One process runs a projection at a time; the next takes over; one that was thought dead can't write any more."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from domain.recorded import Event, Recorded
from infrastructure.postgres.connections import PROJECTION, connect
from projections.current_state.v1.project import CurrentState
from projections.engine.lease import DURATION, Lease, LeaseLostError
from tests.fixtures.clock import START, MovableClock
from tests.fixtures.http import Api
from tests.fixtures.waiting import eventually
from tests.integration.projections.reading import catch_up, position, quickly, reached, rows, running, state


class Watched(CurrentState):
    """Remembers what it was given; what it was given is not committed yet."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    async def apply(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        self.seen += [event.position for event in events]
        await super().apply(connection, events)


class Waits:
    """In the place of pauses; counts them."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, seconds: float) -> None:
        self.count += 1
        await quickly(seconds)


async def test_a_second_process_waits_and_goes_on_at_once_when_the_first_gives_the_lease_back(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    first, second, waits = Watched(), Watched(), Waits()
    async with running(database_url, clock, first, owner="first"):
        await api.stored("a", 1)
        await reached(database_url, 1)
        async with running(database_url, clock, second, owner="second", sleep=waits):
            await eventually(lambda: waits.count > 3)
            await api.stored("b", 1)
            await reached(database_url, 2)
            assert (await state(database_url))["owner"] == "first"
            assert (first.seen, second.seen) == ([1, 2], [])
    async with running(database_url, clock, second, owner="second"):
        await api.stored("c", 1)
        await reached(database_url, 3)
        assert (await state(database_url))["owner"] == "second"
        assert second.seen == [3]
    assert len((await rows(database_url))["contexts"]) == 3


async def test_a_second_process_takes_over_when_the_lease_of_one_that_died_has_run_out(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    await api.stored("a", 1)
    await catch_up(database_url, clock, 1)
    dead = Lease("current_state", 1, "dead")
    async with await connect(database_url, PROJECTION, autocommit=True) as connection:
        assert await dead.take(connection, clock())
    await api.stored("b", 1)
    second, waits = Watched(), Waits()
    async with running(database_url, clock, second, owner="second", sleep=waits):
        await eventually(lambda: waits.count > 3)
        clock.instant = START + DURATION - timedelta(microseconds=1)
        tried = waits.count
        await eventually(lambda: waits.count > tried + 3)
        assert second.seen == []
        clock.instant = START + DURATION
        await reached(database_url, 2)
        assert second.seen == [2]


async def test_an_owner_that_was_taken_for_dead_and_comes_back_can_not_write(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    old, waits = Watched(), Waits()
    # It looks by itself so seldom that it is asleep until an event wakes it.
    async with running(database_url, clock, old, owner="old", poll=600.0, sleep=waits):
        await api.stored("a", 1)
        await reached(database_url, 1)

        async def taken() -> bool:
            clock.advance(11)
            async with await connect(database_url, PROJECTION, autocommit=True) as connection:
                return await Lease("current_state", 1, "new").take(connection, clock())

        await eventually(taken)
        before = await rows(database_url)
        await api.stored("b", 1)
        await eventually(lambda: waits.count > 3)
        assert old.seen == [1]
        assert await rows(database_url) == before
        assert (await position(database_url), (await state(database_url))["owner"]) == (1, "new")


async def test_only_the_newest_owner_can_hold_or_give_back_a_lease(
    database_url: str, api: Api, projection: object, clock: MovableClock
) -> None:
    first, second = Lease("other", 1, "one"), Lease("other", 1, "another")
    now = clock()
    async with await connect(database_url, PROJECTION, autocommit=True) as connection:
        assert await first.take(connection, now)
        assert not await second.take(connection, now)
        await first.hold(connection, now + timedelta(seconds=5))
        assert not await second.take(connection, now + DURATION)
        assert await second.take(connection, now + timedelta(seconds=15))
        with pytest.raises(LeaseLostError):
            await first.hold(connection, now + timedelta(seconds=15))
        await first.give_back(connection, now + timedelta(seconds=15))
        await second.hold(connection, now + timedelta(seconds=15))
        await second.give_back(connection, now + timedelta(seconds=16))
        assert await first.take(connection, now + timedelta(seconds=16))


async def test_an_owner_that_lost_its_connection_need_not_wait_for_its_own_lease_to_run_out(
    database_url: str, clock: MovableClock
) -> None:
    before, after = Lease("other", 1, "owner"), Lease("other", 1, "owner")
    async with await connect(database_url, PROJECTION, autocommit=True) as connection:
        assert await before.take(connection, clock())
        assert await after.take(connection, clock())
        with pytest.raises(LeaseLostError):
            await before.hold(connection, clock())


async def test_no_two_owners_ever_hold_a_lease_however_they_race(database_url: str, clock: MovableClock) -> None:
    leases = [Lease("raced", 1, f"owner {number}") for number in range(8)]

    async def take(lease: Lease) -> bool:
        async with await connect(database_url, PROJECTION, autocommit=True) as connection:
            return await lease.take(connection, clock())

    for _ in range(5):
        assert sum(await asyncio.gather(*map(take, leases))) == 1
        clock.advance(10)


async def test_processes_that_start_at_once_on_a_new_database_set_it_up_once_and_one_runs(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    await api.stored("a", 1)
    projections = [Watched() for _ in range(4)]
    async with (
        running(database_url, clock, projections[0], owner="0"),
        running(database_url, clock, projections[1], owner="1"),
        running(database_url, clock, projections[2], owner="2"),
        running(database_url, clock, projections[3], owner="3"),
    ):
        assert await api.keys() == ["a"]
        await api.stored("b", 1)
        assert await api.keys() == ["a", "b"]
    assert sorted(projection.seen for projection in projections) == [[], [], [], [1, 2]]


async def test_an_owner_whose_connection_was_lost_takes_its_own_lease_again_with_a_higher_token(
    database_url: str, api: Api, projection: object, clock: MovableClock
) -> None:
    lost, again = Lease("other", 1, "the same process"), Lease("other", 1, "the same process")
    now = clock()
    async with await connect(database_url, PROJECTION, autocommit=True) as connection:
        assert await lost.take(connection, now)
        assert await again.take(connection, now)
        await again.hold(connection, now)
        with pytest.raises(LeaseLostError):
            await lost.hold(connection, now)
