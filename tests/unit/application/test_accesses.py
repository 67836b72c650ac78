"""Reads are counted at once and recorded as one event for many, each of them once, whatever goes wrong on the way."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from application import access
from application.access import Access, Accesses
from application.cache import StateCache
from application.contexts import Contexts
from domain.access.events import AccessesRecorded
from domain.contexts.commands import DeleteContext
from domain.errors import DatabaseUnavailableError, OutcomeUnknownError
from tests.fixtures.clock import START, MovableClock
from tests.fixtures.waiting import eventually
from tests.unit.application.memory import NOBODY, MemoryStore, MemoryTotals, NoSnapshots, ref, storing

AWAY = DatabaseUnavailableError("the database can't be reached; nothing was written")
UNKNOWN = OutcomeUnknownError("it may or may not be there")


@pytest.fixture
def log(clock: MovableClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def totals(log: MemoryStore) -> MemoryTotals:
    return MemoryTotals(log)


class Process:
    """One of those that serve the store: its contexts and the reads that it counts."""

    def __init__(
        self, log: MemoryStore, totals: MemoryTotals, clock: MovableClock, interval: float = 3600, batch: int = 1_000
    ) -> None:
        self.clock = clock
        self.cache = StateCache(clock)
        self.accesses = Accesses(log, self.cache, totals, interval=interval, batch=batch)
        self.contexts = Contexts(log, NoSnapshots(), clock, self.cache, self.accesses)

    async def stored(self, *keys: str) -> None:
        for key in keys:
            await self.contexts.store(ref(key), storing(key), NOBODY)

    async def read(self, key: str, times: int = 1) -> Access:
        for _ in range(times):
            _, told = await self.contexts.get(ref(key))
        return told


@pytest.fixture
def start(log: MemoryStore, totals: MemoryTotals, clock: MovableClock) -> Callable[..., Process]:
    return lambda **options: Process(log, totals, clock, **options)


def recorded(log: MemoryStore) -> list[dict[str, int]]:
    """Of each record the reads that it tells of, by the last part of the stream's name."""
    names = {event.stream_id: event.event.key for event in log.log if hasattr(event.event, "key")}
    return [
        {names[told.context_id]: told.reads for told in event.event.contexts}
        for event in log.log
        if isinstance(event.event, AccessesRecorded)
    ]


async def test_a_read_tells_how_many_there_were_and_when_the_one_before_was(start: Callable[..., Process]) -> None:
    process = start()
    await process.stored("a")
    assert await process.read("a") == (1, None)
    process.clock.advance(5)
    assert await process.read("a") == (2, START)
    assert await process.read("a") == (3, START + timedelta(seconds=5))


async def test_many_reads_are_one_event(start: Callable[..., Process], log: MemoryStore) -> None:
    process = start()
    await process.stored("a", "b", "unread")
    await process.read("a", 3)
    process.clock.advance(5)
    await process.read("b", 2)
    await process.accesses.record()
    await process.accesses.record()
    assert recorded(log) == [{"a": 3, "b": 2}]
    event = log.log[-1].event
    assert isinstance(event, AccessesRecorded)
    assert [told.last for told in event.contexts] == [START, START + timedelta(seconds=5)]


async def test_one_event_tells_of_so_many_contexts_at_most(start: Callable[..., Process], log: MemoryStore) -> None:
    process = start(batch=2)
    await process.stored("a", "b", "c", "d", "e")
    for key in "abcde":
        await process.read(key)
    await process.accesses.record()
    assert recorded(log) == [{"a": 1, "b": 1}, {"c": 1, "d": 1}, {"e": 1}]


async def test_recording_changes_nothing_of_what_is_told(start: Callable[..., Process], totals: MemoryTotals) -> None:
    process = start()
    await process.stored("a")
    for reads in range(1, 30):
        assert (await process.read("a")).reads == reads
        match reads % 5:
            case 0:
                await process.accesses.record()
            case 2:
                totals.catch_up()
            case 4:
                await process.accesses.take_over()


async def test_what_was_counted_is_recorded_after_a_failure(start: Callable[..., Process], log: MemoryStore) -> None:
    process = start()
    await process.stored("a", "b")
    await process.read("a", 2)
    log.fails.append(AWAY)
    with pytest.raises(DatabaseUnavailableError):
        await process.accesses.record()
    await process.read("a")
    await process.read("b")
    await process.accesses.record()
    assert recorded(log) == [{"a": 2}, {"a": 1, "b": 1}]
    assert (await process.read("a")).reads == 4


async def test_a_record_that_was_written_without_an_answer_is_not_written_twice(
    start: Callable[..., Process], log: MemoryStore
) -> None:
    process = start()
    await process.stored("a")
    await process.read("a", 2)
    log.unanswered.append(UNKNOWN)
    with pytest.raises(OutcomeUnknownError):
        await process.accesses.record()
    await process.read("a")
    await process.accesses.record()
    assert recorded(log) == [{"a": 2}, {"a": 1}]


async def test_one_that_is_cut_off_while_it_records_records_the_same_again_and_once(
    start: Callable[..., Process], log: MemoryStore
) -> None:
    process = start()
    await process.stored("a")
    await process.read("a", 2)
    recording = asyncio.create_task(process.accesses.record())
    await asyncio.sleep(0)
    recording.cancel()
    await asyncio.gather(recording, return_exceptions=True)
    assert recorded(log) == []
    await process.accesses.record()
    assert recorded(log) == [{"a": 2}]


async def test_after_a_restore_from_a_backup_it_records_in_a_new_stream(
    start: Callable[..., Process], log: MemoryStore
) -> None:
    process = start()
    await process.stored("a")
    before = len(log.log)
    await process.read("a")
    await process.accesses.record()
    del log.log[before:]
    await process.read("a", 5)
    await process.accesses.record()
    assert recorded(log) == [{"a": 5}]
    assert log.log[-1].version == 1


async def test_the_read_model_is_asked_once_for_each_context(
    start: Callable[..., Process], totals: MemoryTotals
) -> None:
    process = start()
    await process.stored("a", "b")
    await process.read("a", 5)
    await process.read("b", 5)
    assert [len(ids) for ids in totals.asked] == [1, 1]


async def test_another_process_goes_on_where_the_read_model_is(
    start: Callable[..., Process], totals: MemoryTotals
) -> None:
    process = start()
    await process.stored("a")
    await process.read("a", 7)
    await process.accesses.record()
    totals.catch_up()
    process.clock.advance(60)
    assert await start().read("a") == (8, START)


async def test_processes_learn_of_each_others_reads(start: Callable[..., Process], totals: MemoryTotals) -> None:
    one, other = start(), start()
    await one.stored("a")
    await one.read("a", 3)
    await other.read("a", 5)
    for process in (one, other):
        await process.accesses.record()
    totals.catch_up()
    for process in (one, other):
        await process.accesses.take_over()
    assert (await one.read("a")).reads == 9
    assert (await other.read("a")).reads == 9


async def test_a_read_model_that_does_not_have_the_last_record_yet_takes_nothing_away(
    start: Callable[..., Process], totals: MemoryTotals
) -> None:
    process = start()
    await process.stored("a")
    await process.read("a", 3)
    await process.accesses.record()
    totals.catch_up()
    await process.accesses.take_over()
    await process.read("a", 4)
    await process.accesses.record()
    await process.accesses.take_over()
    assert (await process.read("a")).reads == 8


async def test_reads_on_their_way_to_the_log_are_not_lost_when_the_read_model_is_asked(
    start: Callable[..., Process], log: MemoryStore, totals: MemoryTotals
) -> None:
    process = start()
    await process.stored("a")
    await process.read("a", 3)
    await process.accesses.record()
    totals.catch_up()
    await process.read("a", 2)
    log.fails.append(AWAY)
    with pytest.raises(DatabaseUnavailableError):
        await process.accesses.record()
    await process.accesses.take_over()
    assert (await process.read("a")).reads == 6


async def test_a_context_that_is_stored_again_begins_anew(start: Callable[..., Process], log: MemoryStore) -> None:
    process = start()
    await process.stored("a")
    await process.read("a", 3)
    await process.contexts.delete(ref("a"), DeleteContext(), NOBODY)
    process.clock.advance(1)
    await process.stored("a")
    assert await process.read("a") == (1, None)
    await process.accesses.record()
    event = log.log[-1].event
    assert isinstance(event, AccessesRecorded)
    assert [(told.created_at, told.reads) for told in event.contexts] == [(START + timedelta(seconds=1), 1)]


async def test_what_the_cache_lets_go_is_recorded_and_counted_on(
    start: Callable[..., Process], log: MemoryStore
) -> None:
    process = start()
    await process.stored("a")
    await process.read("a", 3)
    process.clock.advance(1_000)
    process.cache.expire()
    assert process.cache.stats().entries == 0
    assert (await process.read("a")).reads == 4
    await process.accesses.record()
    assert recorded(log) == [{"a": 4}]


async def test_while_the_read_model_can_not_be_asked_a_read_is_answered_all_the_same(
    start: Callable[..., Process], totals: MemoryTotals
) -> None:
    process = start()
    await process.stored("a")
    await process.read("a", 4)
    await process.accesses.record()
    totals.catch_up()
    other = start()
    totals.fails.append(AWAY)
    assert (await other.read("a")).reads == 1
    await other.accesses.record()
    totals.catch_up()
    await other.accesses.take_over()
    assert (await other.read("a")).reads == 6


async def test_of_more_contexts_than_can_wait_reads_are_told_and_not_recorded(
    start: Callable[..., Process], log: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MOST_WAITING", 2)
    process = start()
    await process.stored("a", "b", "c")
    for key in "abc":
        await process.read(key, 2)
    assert (await process.read("c")).reads == 3
    await process.accesses.record()
    await process.read("c")
    await process.accesses.record()
    assert recorded(log) == [{"a": 2, "b": 2}, {"c": 1}]


async def test_it_records_by_itself_after_the_interval(start: Callable[..., Process], log: MemoryStore) -> None:
    process = start(interval=0.02)
    await process.stored("a")
    async with process.accesses:
        await process.read("a", 2)
        await eventually(lambda: recorded(log) == [{"a": 2}])


async def test_it_does_not_wait_for_the_interval_when_many_contexts_were_read(
    start: Callable[..., Process], log: MemoryStore
) -> None:
    process = start(batch=2)
    await process.stored("a", "b")
    async with process.accesses:
        await process.read("a")
        await process.read("b")
        await eventually(lambda: recorded(log) == [{"a": 1, "b": 1}])


async def test_at_the_end_it_records_what_is_left(start: Callable[..., Process], log: MemoryStore) -> None:
    process = start()
    await process.stored("a")
    async with process.accesses:
        await process.read("a")
    assert recorded(log) == [{"a": 1}]


async def test_it_goes_on_after_whatever_went_wrong(
    start: Callable[..., Process], log: MemoryStore, totals: MemoryTotals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "PAUSE", 0.01)
    process = start(interval=0.02)
    await process.stored("a")
    log.fails += [AWAY, ValueError("nobody thought of that")]
    totals.fails += [AWAY]
    async with process.accesses:
        await process.read("a", 2)
        await eventually(lambda: recorded(log) == [{"a": 2}])


async def test_at_the_end_a_database_that_is_away_is_no_error(
    start: Callable[..., Process], log: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    process = start()
    await process.stored("a")
    async with process.accesses:
        await process.read("a")
        log.fails.append(AWAY)
    assert "are not recorded" in caplog.text
