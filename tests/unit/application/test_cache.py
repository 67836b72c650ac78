"""The cache of states: bounded by bytes and by time, whoever keeps something in it."""

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.cache import PLACE, Entry, StateCache
from tests.fixtures.clock import MovableClock
from tests.fixtures.waiting import eventually


def full_of(clock: MovableClock, *sizes: int, limit: int = 10_000, seconds: float = 300) -> StateCache:
    """A cache with entries 0, 1, 2 …"""
    cache = StateCache(clock, limit, seconds)
    for key, size in enumerate(sizes):
        cache.put(key, Entry(), size)
    return cache


def keys(cache: StateCache) -> list[int]:
    return [key for key in range(100) if cache.peek(key) is not None]


def test_the_one_used_longest_ago_makes_room(clock: MovableClock) -> None:
    cache = full_of(clock, 2_000, 2_000, 2_000)
    cache.get(0)
    cache.put(3, Entry(), 4_000)
    assert keys(cache) == [0, 2, 3]
    assert cache.stats().evicted == 1


def test_looking_without_using_refreshes_nothing(clock: MovableClock) -> None:
    cache = full_of(clock, 2_000, 2_000, 2_000)
    cache.peek(0)
    cache.put(3, Entry(), 4_000)
    assert keys(cache) == [1, 2, 3]


def test_as_many_go_as_it_takes(clock: MovableClock) -> None:
    cache = full_of(clock, 100, 100, 100, 100)
    cache.put(9, Entry(), 9_000)
    assert keys(cache) == [3, 9]


def test_one_that_grew_makes_room_for_itself(clock: MovableClock) -> None:
    cache = full_of(clock, 2_000, 2_000, 2_000)
    cache.put(1, cache.get(1), 6_000)
    assert keys(cache) == [1, 2]
    assert cache.stats().bytes == 6_000 + 2_000 + 2 * PLACE


def test_one_that_is_larger_than_the_cache_is_not_kept_and_drives_no_one_out(clock: MovableClock) -> None:
    cache = full_of(clock, 100, 100)
    cache.put(5, Entry(), 20_000)
    cache.put(1, cache.get(1), 20_000)
    assert keys(cache) == [0]
    assert cache.stats().bytes == 100 + PLACE


def test_what_was_not_used_for_so_long_goes_and_what_was_read_stays(clock: MovableClock) -> None:
    cache = full_of(clock, 1, 1, 1, seconds=300)
    clock.advance(299)
    cache.get(1)
    cache.expire()
    assert keys(cache) == [0, 1, 2]
    clock.advance(1)
    cache.expire()
    assert keys(cache) == [1]
    assert (cache.stats().expired, cache.stats().evicted) == (2, 0)


def test_what_comes_in_drives_out_what_was_not_used_for_too_long(clock: MovableClock) -> None:
    cache = full_of(clock, 1, 1, seconds=300)
    clock.advance(400)
    cache.put(7, Entry(), 1)
    assert keys(cache) == [7]


async def test_what_is_not_used_goes_by_itself(clock: MovableClock) -> None:
    cache = full_of(clock, 1, 1, seconds=0.04)
    clock.advance(1)
    task = asyncio.create_task(cache.keep_expiring())
    await eventually(lambda: not keys(cache))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("step", [-3600, 3600])
def test_a_clock_that_jumps_does_no_harm(clock: MovableClock, step: float) -> None:
    cache = full_of(clock, 1, 1)
    clock.advance(step)
    for key in range(10, 20):
        cache.put(key, Entry(), 1)
    assert set(range(10, 20)) <= set(keys(cache))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5_000), st.sampled_from(["put", "get", "drop"]))))
def test_the_limit_holds_and_the_sum_is_that_of_the_entries(steps: list[tuple[int, int, str]]) -> None:
    cache = StateCache(MovableClock(), 10_000)
    charged: dict[int, int] = {}
    for key, size, what in steps:
        if what == "put":
            cache.put(key, cache.peek(key) or Entry(), size)
            charged[key] = size + PLACE
        elif what == "get":
            cache.get(key)
        else:
            cache.drop(key)
        stats = cache.stats()
        assert stats.bytes == sum(charged[key] for key in keys(cache)) <= stats.limit
        assert stats.entries == len(keys(cache))
