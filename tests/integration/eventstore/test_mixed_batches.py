"""Conflicts, neighbours, appends to several streams and ones that can't be written, all at once.

What each caller is told is what the log then holds.
"""

import asyncio
from collections import Counter
from random import Random
from typing import NamedTuple

import msgspec
import pytest

from domain.errors import InvalidInputError, VersionConflictError
from domain.recorded import Recorded
from infrastructure.eventstore.group_commit import Limits
from infrastructure.eventstore.requests import Appended, AppendRequest, StreamAppend, Tracking, TrackingConflictError
from infrastructure.eventstore.store import PostgresEventStore
from tests.fixtures.clock import MovableClock
from tests.integration.eventstore.eventstore_support import Requests, Tail, sid

STREAMS = [f"shared {number}" for number in range(6)]
LIMITS = Limits(appends=16, events=40, append_bytes=64_000, slow_commit=60.0)


class Asked(NamedTuple):
    """An append, the words of its events by stream, and what is wrong with it whatever the log holds."""

    request: AppendRequest
    words: dict[str, list[str]]
    wrong: str | None


class Mix:
    """Makes appends; most of them expect what the log had when the batch was made, or what a neighbour will make of
    it."""

    def __init__(self, request_for: Requests, chance: Random, versions: Counter[str]) -> None:
        self._request_for, self._chance = request_for, chance
        self._reached = Counter(versions)
        self._number = 0

    def append(self) -> Asked:
        chance = self._chance
        self._number += 1
        names = chance.sample(STREAMS, chance.choice([1, 1, 1, 2, 3]))
        if chance.random() < 0.2:
            names = [f"new {self._number}"]
        streams, words = [], {}
        for name in names:
            expected = self._reached[name] + chance.choice([0, 0, 0, 0, -1, 1])
            words[name] = [f"{self._number} {name} {part}" for part in range(chance.choice([1, 1, 2, 5]))]
            streams.append(self._request_for.stream(name, max(expected, 0), *words[name]))
            if chance.random() < 0.7:
                # The next one expects this to be done, or that it was refused.
                self._reached[name] = max(expected, 0) + len(words[name])
        tracking = Tracking("upstream", chance.randint(1, 60)) if chance.random() < 0.15 else None
        wrong = chance.choice([None] * 12 + ["type", "name", "size"])
        return Asked(AppendRequest(1, _spoilt(streams, wrong), tracking), words, wrong)


def _spoilt(streams: list[StreamAppend], wrong: str | None) -> list[StreamAppend]:
    last = streams[-1]
    event = last.events[0]
    match wrong:
        case "type":
            streams[-1] = msgspec.structs.replace(last, events=[msgspec.structs.replace(event, type_id=40_000)])
        case "name":
            # Seen by the database alone, and there only where the stream is new.
            streams.append(StreamAppend(sid(f"{last.stream_name} NUL"), "a\0b", 0, [event]))
        case "size":
            streams[-1] = msgspec.structs.replace(last, events=[msgspec.structs.replace(event, payload=bytes(64_001))])
    return streams


@pytest.mark.parametrize("seed", range(4))
async def test_each_caller_is_told_what_the_log_then_holds(
    any_database_url: str, clock: MovableClock, seed: int
) -> None:
    chance = Random(seed)
    async with PostgresEventStore(any_database_url, clock, limits=LIMITS) as store:
        request_for, tail = await Requests.of(store), Tail(store.reader)
        versions: Counter[str] = Counter()
        told = Counter[str]()
        for _ in range(12):
            mix = Mix(request_for, chance, versions)
            asked = [mix.append() for _ in range(chance.choice([2, 9, 40, 70]))]
            answers = await asyncio.gather(*(store.append_raw(one.request) for one in asked), return_exceptions=True)
            before = len(tail.seen)
            while await tail.read():
                pass
            told.update(check(asked, answers, tail.seen[before:], versions))
        assert tail.positions() == list(range(1, len(tail.seen) + 1))
        assert min(told[kind] for kind in ("done", "conflict", "tracked", "type", "name", "size")) > 0, told


def check(
    asked: list[Asked], answers: list[Appended | BaseException], new: list[Recorded], versions: Counter[str]
) -> Counter[str]:
    """Compare; `versions` becomes what the streams have now."""
    at = {recorded.position: recorded for recorded in new}
    names = {sid(name): name for one in asked for name in one.words}
    final = Counter(versions)
    for recorded in new:
        name = names[recorded.stream_id]
        final[name] += 1
        assert recorded.version == final[name], "versions run without a hole"
    told: Counter[str] = Counter()
    written = 0
    for one, answer in zip(asked, answers, strict=True):
        if isinstance(answer, Appended):
            assert one.wrong is None
            there = [at[position] for position in range(answer.first, answer.last + 1)]
            expected = [
                (sid(stream.stream_name), stream.expected + 1 + number, word)
                for stream in one.request.streams
                for number, word in enumerate(one.words[stream.stream_name])
            ]
            assert [(each.stream_id, each.version, each.event.reason) for each in there] == expected
            assert {each.recorded_at for each in there} == {answer.recorded_at}
            written += len(there)
            told["done"] += 1
        elif isinstance(answer, VersionConflictError):
            # Another was there first, or it was ahead of what the log had then; and the log did have that.
            assert answer.current != answer.expected
            assert any(
                stream.expected == answer.expected
                and max(answer.current, answer.expected + 1) <= final[stream.stream_name]
                for stream in one.request.streams
            ) or (answer.current < answer.expected)
            told["conflict"] += 1
        elif isinstance(answer, TrackingConflictError):
            assert one.request.tracking
            told["tracked"] += 1
        else:
            assert one.wrong is not None, answer
            assert isinstance(answer, InvalidInputError) == (one.wrong == "size")
            told[one.wrong] += 1
    # What was refused left nothing.
    assert written == len(new)
    versions.clear()
    versions.update(final)
    return told
