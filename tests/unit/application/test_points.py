"""Points in the log: found by their instants, however many events share one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.points import point_in_log, position_at
from application.ports import Write
from domain.errors import InvalidInputError, PositionNotReachedError
from domain.recorded import Origin, stream_id
from domain.sessions.events import SessionCreated
from tests.fixtures.clock import START, MovableClock
from tests.unit.application.memory import MemoryStore


async def filled(seconds: list[int]) -> tuple[MemoryStore, MovableClock]:
    clock = MovableClock()
    store = MemoryStore(clock)
    for number, at in enumerate(sorted(seconds)):
        clock.instant = START + timedelta(seconds=at)
        name = f"session\n{number}"
        write = Write(stream_id("default", name), name, 0, [SessionCreated(session_id=str(number))])
        await store.append("default", [write], Origin())
    return store, clock


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(-1, 10))
async def test_the_last_position_by_an_instant_is_found(seconds: list[int], wanted: int) -> None:
    store, _ = await filled(seconds)
    found = await position_at(store, START + timedelta(seconds=wanted))
    assert found == sum(at <= wanted for at in seconds)


async def test_a_position_lives_at_the_instant_at_which_it_was_recorded() -> None:
    store, clock = await filled([1, 2, 3])
    clock.advance(10)
    assert await point_in_log(store, clock, None, 2) == (2, START + timedelta(seconds=2))
    assert await point_in_log(store, clock, START + timedelta(seconds=2.5), None) == (2, START + timedelta(seconds=2.5))
    assert await point_in_log(store, clock, None, None) == (3, clock())


async def test_what_is_no_point_is_refused() -> None:
    store, clock = await filled([1])
    with pytest.raises(PositionNotReachedError):
        await point_in_log(store, clock, None, 2)
    with pytest.raises(InvalidInputError, match="future"):
        await point_in_log(store, clock, clock() + timedelta(seconds=1), None)
    with pytest.raises(InvalidInputError, match="not both"):
        await point_in_log(store, clock, clock(), 1)
