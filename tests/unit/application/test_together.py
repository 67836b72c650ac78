"""Commands on several aggregates: decided on all their states, appended all or nothing, in turns that never block."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from application.aggregates import ATTEMPTS
from application.contexts import Contexts
from application.together import Member, Together
from domain.contexts import context as aggregate
from domain.contexts.commands import DeleteContext, UpdateContext
from domain.contexts.context import Context
from domain.errors import ContextNotFoundError, DatabaseUnavailableError, OverloadedError, VersionConflictError
from domain.recorded import Event
from tests.fixtures.clock import MovableClock
from tests.unit.application.memory import NOBODY, MemoryStore, NoSnapshots, appending, ref, storing

States = Sequence[Context | None]


@pytest.fixture
def log(clock: MovableClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def contexts(log: MemoryStore, clock: MovableClock) -> Contexts:
    return Contexts(log, NoSnapshots(), clock)


@pytest.fixture
def other(log: MemoryStore, clock: MovableClock) -> Contexts:
    """Another process on the same log."""
    return Contexts(log, NoSnapshots(), clock)


@pytest.fixture
def together(log: MemoryStore, clock: MovableClock) -> Together:
    return Together(log, clock)


def members(contexts: Contexts, *keys: str) -> list[Member]:
    return [contexts.member(ref(key)) for key in keys]


def append_to_each(value: Any) -> Callable[[States, datetime], list[Sequence[Event]]]:
    def decide(states: States, now: datetime) -> list[Sequence[Event]]:
        return [aggregate.update(state, appending(value), now) for state in states]

    return decide


async def stored(contexts: Contexts, *keys: str) -> None:
    for key in keys:
        await contexts.store(ref(key), storing(key, []), NOBODY)


async def data(contexts: Contexts, key: str) -> Any:
    return (await contexts.get(ref(key)))[0].data


async def test_all_are_written_in_one_append_and_each_outcome_is_told(
    contexts: Contexts, together: Together, log: MemoryStore
) -> None:
    await stored(contexts, "a", "b")
    outcomes = await together.execute("default", members(contexts, "a", "b"), append_to_each(1), NOBODY)
    assert [outcome.state.data for outcome in outcomes] == [[1], [1]]
    assert [[event.position for event in outcome.events] for outcome in outcomes] == [[3], [4]]
    assert [await data(contexts, key) for key in "ab"] == [[1], [1]]


async def test_what_is_written_is_kept_so_that_the_next_command_reads_nothing(
    contexts: Contexts, together: Together, log: MemoryStore
) -> None:
    await stored(contexts, "a", "b")
    await together.execute("default", members(contexts, "a", "b"), append_to_each(1), NOBODY)
    await contexts.update(ref("a"), appending(2), NOBODY)
    assert log.read == []


async def test_a_refusal_leaves_nothing_behind(contexts: Contexts, together: Together, log: MemoryStore) -> None:
    await stored(contexts, "a")
    with pytest.raises(ContextNotFoundError):
        await together.execute("default", members(contexts, "a", "missing"), append_to_each(1), NOBODY)
    assert len(log.log) == 1
    assert await data(contexts, "a") == []


async def test_a_refusal_on_outdated_states_is_decided_again_on_the_newest(
    contexts: Contexts, other: Contexts, together: Together
) -> None:
    await stored(contexts, "a", "b")
    await contexts.delete(ref("b"), DeleteContext(), NOBODY)
    await other.store(ref("b"), storing("b", ["anew"]), NOBODY)
    outcomes = await together.execute("default", members(contexts, "a", "b"), append_to_each(1), NOBODY)
    assert [outcome.state.data for outcome in outcomes] == [[1], ["anew", 1]]


async def test_a_refusal_on_the_newest_states_is_final(contexts: Contexts, other: Contexts, together: Together) -> None:
    await stored(contexts, "a", "b")
    await other.delete(ref("b"), DeleteContext(), NOBODY)
    decided: list[int] = []

    def decide(states: States, now: datetime) -> list[Sequence[Event]]:
        decided.append(states[1].version if states[1] else 0)
        return append_to_each(1)(states, now)

    with pytest.raises(ContextNotFoundError):
        await together.execute("default", members(contexts, "a", "b"), decide, NOBODY)
    # On the outdated state it was decided, and met the other's deletion on its way.
    assert decided == [1, 2]


async def test_after_a_conflict_all_is_decided_again(
    contexts: Contexts, other: Contexts, together: Together, log: MemoryStore
) -> None:
    await stored(contexts, "a", "b")
    await other.update(ref("b"), appending("theirs"), NOBODY)
    await together.execute("default", members(contexts, "a", "b"), append_to_each("ours"), NOBODY)
    assert log.conflicts == 1
    assert [await data(other, key) for key in "ab"] == [["ours"], ["theirs", "ours"]]


async def test_one_without_events_is_watched(
    contexts: Contexts, other: Contexts, together: Together, log: MemoryStore
) -> None:
    await stored(contexts, "a", "watched")
    await other.update(ref("watched"), appending("seen"), NOBODY)

    def copy(states: States, now: datetime) -> list[Sequence[Event]]:
        assert states[1] is not None
        return [aggregate.update(states[0], UpdateContext(data=states[1].data), now), []]

    outcomes = await together.execute("default", members(contexts, "a", "watched"), copy, NOBODY)
    assert log.conflicts == 1
    assert (outcomes[0].state.data, list(outcomes[1].events), outcomes[1].state.data) == (["seen"], [], ["seen"])


async def test_what_never_was_can_be_a_member_and_can_come_to_be(contexts: Contexts, together: Together) -> None:
    def decide(states: States, now: datetime) -> list[Sequence[Event]]:
        assert list(states) == [None, None]
        return [aggregate.store(None, storing("new", 1), now), []]

    outcomes = await together.execute("default", members(contexts, "new", "never"), decide, NOBODY)
    assert (outcomes[0].state.data, outcomes[1].state) == (1, None)


async def test_commands_on_the_same_ones_in_different_orders_take_turns(
    contexts: Contexts, together: Together, log: MemoryStore
) -> None:
    await stored(contexts, *"abc")
    orders = ["abc", "cba", "bac", "cab", "ab", "ca"] * 5
    asked = [
        together.execute("default", members(contexts, *order), append_to_each(number), NOBODY)
        for number, order in enumerate(orders)
    ]
    await asyncio.wait_for(asyncio.gather(*asked), 10)
    assert log.conflicts == 0
    for key in "abc":
        assert sorted(await data(contexts, key)) == [number for number, order in enumerate(orders) if key in order]
    assert contexts._contexts._turns == {}


async def test_single_commands_take_turns_with_them(contexts: Contexts, together: Together, log: MemoryStore) -> None:
    await stored(contexts, "a", "b")
    await asyncio.gather(
        *(together.execute("default", members(contexts, "a", "b"), append_to_each(n), NOBODY) for n in range(10)),
        *(contexts.update(ref("b"), appending(n), NOBODY) for n in range(10, 20)),
    )
    assert log.conflicts == 0
    assert sorted(await data(contexts, "b")) == list(range(20))


async def test_a_database_that_fails_leaves_the_turns_to_others(
    contexts: Contexts, together: Together, log: MemoryStore
) -> None:
    await stored(contexts, "a", "b")
    log.fails.append(DatabaseUnavailableError("away"))
    with pytest.raises(DatabaseUnavailableError):
        await together.execute("default", members(contexts, "a", "b"), append_to_each(1), NOBODY)
    assert contexts._contexts._turns == {}
    await together.execute("default", members(contexts, "a", "b"), append_to_each(2), NOBODY)
    assert [await data(contexts, key) for key in "ab"] == [[2], [2]]


async def test_one_that_meets_others_each_time_gives_up_in_the_end(
    contexts: Contexts, together: Together, log: MemoryStore
) -> None:
    await stored(contexts, "a", "b")
    log.fails += [VersionConflictError(1, 2)] * ATTEMPTS
    with pytest.raises(OverloadedError, match="try again"):
        await together.execute("default", members(contexts, "a", "b"), append_to_each(1), NOBODY)


async def test_a_stream_is_no_two_members(contexts: Contexts, together: Together) -> None:
    with pytest.raises(AssertionError, match="each stream once"):
        await together.execute("default", members(contexts, "a", "a"), append_to_each(1), NOBODY)
