import asyncio
import itertools
import threading
from collections.abc import Awaitable

import pytest

from benchmarks import b1_append, load, payloads
from benchmarks.b2_commands import environment
from infrastructure.payloads.codec import Codec
from tests.fixtures.waiting import DEADLINE


@pytest.fixture(autouse=True)
def _ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time goes on by a millisecond when it is looked at, and never else: a slow machine does not use it up."""
    ticks = itertools.count()
    monkeypatch.setattr(load, "perf_counter", lambda: next(ticks) / 1000)


def test_only_answers_within_the_window_count() -> None:
    window = load.Window(seconds=10, now=100)
    assert (window.begin, window.end) == (102, 112)
    for asked, answered in ((101.0, 101.9), (101.9, 102.0), (105.0, 105.5), (111.9, 112.0), (111.9, 112.1)):
        window.answered(asked, answered)
    sample = window.sample(callers=1)
    assert sample.value == pytest.approx(0.3)
    assert sample.raw["calls"] == 3
    assert sample.p50 == pytest.approx(100)
    assert sample.p99 == pytest.approx(500)


async def test_tasks_call_again_and_again_side_by_side() -> None:
    together = most = 0

    async def call() -> None:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0)
        together -= 1

    sample = await load.tasks([call] * 4, 0.05)
    assert most == 4
    assert sample.raw["callers"] == 4
    assert sample.value > 0


def test_threads_call_again_and_again() -> None:
    calls = [0, 0]
    both_are_there = threading.Barrier(2)

    def caller(number: int) -> None:
        if not calls[number]:
            both_are_there.wait(DEADLINE)
        calls[number] += 1

    sample = load.threads([lambda: caller(0), lambda: caller(1)], 0.05)
    assert min(calls) > 0
    assert sample.raw["calls"] <= sum(calls)


async def test_a_call_that_fails_fails_the_measurement() -> None:
    async def call() -> None:
        raise ValueError("no")

    with pytest.raises(ExceptionGroup):
        await load.tasks([call], 0.05)


def test_a_thread_that_fails_fails_the_measurement() -> None:
    def call() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        load.threads([call], 0.05)


def test_payloads_are_the_same_for_the_same_seed_and_have_about_300_bytes() -> None:
    assert payloads.updates(20, 3) == payloads.updates(20, 3)
    assert payloads.updates(20, 3) != payloads.updates(20, 4)
    sizes = [len(Codec().encode_event(event)) for event in payloads.updates(500)]
    assert 270 < sum(sizes) / len(sizes) < 330
    assert all(payload[0] == 0x10 for payload in map(Codec().encode_event, payloads.updates(500)))


def test_a_caller_appends_to_its_own_stream_with_rising_versions() -> None:
    asked: list[tuple[str, int]] = []

    class Store:
        def append(self, tenant: str, writes: list[object], origin: object) -> Awaitable[object]:
            asked.extend((write.stream_name, write.expected) for write in writes)  # type: ignore[attr-defined]
            return asyncio.sleep(0)

    events = payloads.updates(64)
    callers = [b1_append._caller(Store(), events, 1, number) for number in range(2)]  # type: ignore[arg-type]
    for caller in (*callers, *callers):
        caller().close()  # type: ignore[attr-defined]
    names = {name for name, _ in asked}
    assert len(names) == 2
    assert sorted(expected for _, expected in asked) == [0, 0, 1, 1]


def test_the_library_gets_the_same_socket_and_its_cache() -> None:
    url = "postgresql://contextline@/bench_1?host=%2Fvar%2Frun%2Fours&port=5433"
    made = environment(url)
    assert made["POSTGRES_HOST"] == "/var/run/ours"
    assert made["POSTGRES_PORT"] == "5433"
    assert made["POSTGRES_DBNAME"] == "bench_1"
    assert int(made["AGGREGATE_CACHE_MAXSIZE"]) >= 64
