"""What is kept of aggregates, how it is checked, and that commands on one stream take turns."""

import asyncio

import pytest

from application.cache import PLACE, StateCache
from application.contexts import Contexts
from application.footprint import footprint
from application.sessions import Sessions
from domain.contexts.commands import UpdateContext
from domain.errors import DatabaseUnavailableError
from domain.sessions.commands import CreateSession
from tests.fixtures.clock import MovableClock
from tests.unit.application.memory import NOBODY, MemoryStore, NoSnapshots, appending, ref, storing


@pytest.fixture
def log(clock: MovableClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def cache(clock: MovableClock) -> StateCache:
    return StateCache(clock)


@pytest.fixture
def contexts(log: MemoryStore, clock: MovableClock, cache: StateCache) -> Contexts:
    return Contexts(log, NoSnapshots(), clock, cache)


@pytest.fixture
def other(log: MemoryStore, clock: MovableClock) -> Contexts:
    """Another process on the same log."""
    return Contexts(log, NoSnapshots(), clock)


async def test_a_kept_state_is_charged_with_what_it_takes_however_it_grew(
    contexts: Contexts, cache: StateCache
) -> None:
    await contexts.store(ref("k"), storing("k", []), NOBODY)
    for number in range(200):
        after = await contexts.update(ref("k"), appending({"step": number, "text": "done " * 10}), NOBODY)
    charged, takes = cache.stats().bytes - PLACE, footprint(after)
    assert 0.6 * takes < charged < 1.8 * takes


async def test_one_that_shrank_is_charged_with_what_is_left(contexts: Contexts, cache: StateCache) -> None:
    await contexts.store(ref("k"), storing("k", ["x" * 100_000]), NOBODY)
    assert cache.stats().bytes > 100_000
    await contexts.update(ref("k"), UpdateContext(data=[]), NOBODY)
    for _ in range(100):
        await contexts.update(ref("k"), UpdateContext(data=["y" * 500]), NOBODY)
    assert cache.stats().bytes < 10_000


async def test_contexts_and_sessions_share_one_limit(log: MemoryStore, clock: MovableClock) -> None:
    cache = StateCache(clock, 50_000)
    contexts = Contexts(log, NoSnapshots(), clock, cache)
    sessions = Sessions(log, NoSnapshots(), clock, lambda: "s", cache)
    for number in range(10):
        await contexts.store(ref(f"k{number}"), storing(f"k{number}", "x" * 500), NOBODY)
    assert cache.stats().evicted == 0
    for number in range(100):
        await sessions.create("default", CreateSession(session_id=f"s{number}", data={"text": "x" * 500}), NOBODY)
    assert cache.stats().evicted > 0
    assert cache.stats().bytes <= cache.stats().limit
    log.read.clear()
    await contexts.get(ref("k0"))
    assert len(log.read) == 1


async def test_a_warm_command_reads_nothing_and_a_cold_one_reads_the_stream(
    contexts: Contexts, other: Contexts, log: MemoryStore, cache: StateCache
) -> None:
    await contexts.store(ref("k"), storing("k", []), NOBODY)
    await contexts.update(ref("k"), appending(1), NOBODY)
    assert log.read == []
    await other.update(ref("k"), appending(2), NOBODY)
    assert [after for _, after in log.read] == [0]
    assert (cache.stats().hits, cache.stats().misses) == (1, 1)


async def test_after_a_conflict_only_what_is_newer_is_read(
    contexts: Contexts, other: Contexts, log: MemoryStore
) -> None:
    await contexts.store(ref("k"), storing("k", []), NOBODY)
    for number in range(3):
        await other.update(ref("k"), appending(number), NOBODY)
    log.read.clear()
    after = await contexts.update(ref("k"), appending("mine"), NOBODY)
    assert [version for _, version in log.read] == [1]
    assert after.data == [0, 1, 2, "mine"]


async def test_a_read_sees_what_another_process_wrote_and_keeps_it(
    contexts: Contexts, other: Contexts, log: MemoryStore
) -> None:
    await contexts.store(ref("k"), storing("k", []), NOBODY)
    await other.update(ref("k"), appending(1), NOBODY)
    log.read.clear()
    for _ in range(3):
        context, _ = await contexts.get(ref("k"))
        assert context.data == [1]
    assert len(log.read) == 1


async def test_commands_of_one_process_on_one_stream_take_turns(contexts: Contexts, log: MemoryStore) -> None:
    await contexts.store(ref("k"), storing("k", []), NOBODY)
    await asyncio.gather(*(contexts.update(ref("k"), appending(number), NOBODY) for number in range(50)))
    context, _ = await contexts.get(ref("k"))
    assert context.data == list(range(50))
    assert log.conflicts == 0


async def test_no_turn_is_kept_when_nobody_waits(contexts: Contexts, log: MemoryStore) -> None:
    log.fails.append(DatabaseUnavailableError("away"))
    asked = [contexts.store(ref(f"k{number % 5}"), storing(f"k{number % 5}"), NOBODY) for number in range(40)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, DatabaseUnavailableError) for answer in answers) == 1
    assert contexts._contexts._turns == {}


async def test_one_that_goes_away_while_it_waits_leaves_its_turn_to_the_next(contexts: Contexts) -> None:
    await contexts.store(ref("k"), storing("k", []), NOBODY)
    tasks = [asyncio.create_task(contexts.update(ref("k"), appending(number), NOBODY)) for number in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    context, _ = await contexts.get(ref("k"))
    assert context.data == [0, 2]
    assert contexts._contexts._turns == {}
