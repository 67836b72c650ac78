"""Commands on tasks that meet: two processes, one log, and the other one's command comes at the worst moment."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports import Done, Write
from application.sessions import Sessions
from application.tasks import Tasks
from domain.errors import DependenciesNotMetError, SessionStatusError, TaskCycleError
from domain.recorded import Event, Origin, Recorded
from domain.sessions.commands import CreateSession, EndSession
from domain.sessions.events import SessionCompleted
from domain.tasks.commands import CompleteTask, CreateTask, StartTask, UpdateTask
from domain.tasks.events import TaskChanges, TaskDetails
from tests.fixtures.clock import MovableClock
from tests.unit.application.memory import NOBODY, MemoryStore, NoSnapshots

T = "default"


class ScriptedStore(MemoryStore):
    """Before the next append something else happens, once; and each append takes as many turns as it is told."""

    def __init__(self) -> None:
        super().__init__(MovableClock())
        self.first: Callable[[], Awaitable[Any]] | None = None
        self.delays: list[int] = []

    async def append(
        self, tenant: str, writes: Sequence[Write], origin: Origin, done: Done | None = None
    ) -> Sequence[Recorded[Event]]:
        if first := self.first:
            self.first = None
            await first()
        for _ in range(self.delays.pop() if self.delays else 0):
            await asyncio.sleep(0)
        return await super().append(tenant, writes, origin, done)


class Process:
    """Sessions and tasks with a memory of their own."""

    def __init__(self, store: MemoryStore) -> None:
        clock = MovableClock()
        self.sessions = Sessions(store, NoSnapshots(), clock, lambda: "made")
        self.tasks = Tasks(store, NoSnapshots(), clock, self.sessions, lambda: "made")

    async def make(self, task_id: str, *dependencies: str) -> None:
        details = TaskDetails(dependencies=dependencies)
        await self.tasks.create(T, CreateTask(task_id=task_id, session_id="s", details=details), NOBODY)

    async def wait_for(self, task_id: str, *dependencies: str) -> None:
        command = UpdateTask(changes=TaskChanges(dependencies=dependencies))
        await self.tasks.update(T, task_id, command, NOBODY)

    async def part_of(self, task_id: str, parent_id: str) -> None:
        await self.tasks.update(T, task_id, UpdateTask(changes=TaskChanges(parent_id=parent_id)), NOBODY)

    async def start(self, task_id: str) -> None:
        await self.tasks.start(T, task_id, StartTask(), NOBODY)


async def two(*task_ids: str) -> tuple[ScriptedStore, Process, Process]:
    """One process that has begun a session with these tasks, and another one that knows of them."""
    store = ScriptedStore()
    one, other = Process(store), Process(store)
    await one.sessions.create(T, CreateSession(session_id="s"), NOBODY)
    for task_id in task_ids:
        await one.make(task_id)
        await other.tasks.get(T, task_id)
    return store, one, other


async def test_two_updates_that_would_close_a_circle_between_them_don_t() -> None:
    store, one, other = await two("a", "b")
    # The other one's comes after the first was decided, and before it is written.
    store.first = lambda: other.wait_for("b", "a")
    with pytest.raises(TaskCycleError, match="a → b → a"):
        await one.wait_for("a", "b")
    assert (await one.tasks.get(T, "a")).details.dependencies == ()
    assert (await one.tasks.get(T, "b")).details.dependencies == ("a",)


async def test_the_circle_is_seen_also_where_it_closes_far_behind() -> None:
    store, one, other = await two("a", "b", "c", "d")
    await one.wait_for("b", "c")
    store.first = lambda: other.wait_for("c", "d", "a")
    with pytest.raises(TaskCycleError) as refusal:
        await one.wait_for("a", "b")
    assert refusal.value.way == ("a", "b", "c", "a")


async def test_what_comes_to_stand_behind_meanwhile_is_looked_at_and_does_no_harm() -> None:
    store, one, other = await two("a", "b", "c", "d")
    await other.wait_for("c", "d")
    store.first = lambda: other.wait_for("b", "c")
    await one.wait_for("a", "b")
    assert (await other.tasks.get(T, "a")).details.dependencies == ("b",)
    # And it is watched from then on.
    store.first = lambda: other.wait_for("d", "a")
    with pytest.raises(TaskCycleError):
        await one.wait_for("a", "b", "c")


async def test_two_parents_don_t_become_parts_of_one_another() -> None:
    store, one, other = await two("a", "b")
    store.first = lambda: other.part_of("b", "a")
    with pytest.raises(TaskCycleError, match="be a part of itself"):
        await one.part_of("a", "b")


async def test_a_task_is_not_created_in_a_session_that_ends_just_then() -> None:
    store, one, other = await two()
    ended = EndSession(status="completed")
    store.first = lambda: other.sessions.end(T, "s", ended, NOBODY)
    with pytest.raises(SessionStatusError, match="is completed"):
        await one.make("a")
    assert isinstance(store.log[-1].event, SessionCompleted)


async def test_a_task_is_not_started_in_a_session_that_ends_just_then() -> None:
    store, one, other = await two("a")
    ended = EndSession(status="failed")
    store.first = lambda: other.sessions.end(T, "s", ended, NOBODY)
    with pytest.raises(SessionStatusError, match="is failed"):
        await one.start("a")


async def test_a_task_that_gets_a_dependency_just_then_is_not_started() -> None:
    store, one, other = await two("a", "b")
    store.first = lambda: other.wait_for("a", "b")
    with pytest.raises(DependenciesNotMetError):
        await one.start("a")
    await other.start("b")
    await other.tasks.complete(T, "b", CompleteTask(), NOBODY)
    await one.start("a")


async def test_commands_in_a_session_are_told_as_such_and_do_not_meet_in_its_stream() -> None:
    store, one, other = await two("a", "b")
    await asyncio.gather(one.make("c"), other.make("d"), one.wait_for("a", "b"))
    assert store.conflicts == 0
    assert {recorded.origin.session_id for recorded in store.log} == {"s"}
    assert sum(type(recorded.event).__name__.startswith("Session") for recorded in store.log) == 1


IDS = ("a", "b", "c")
edges = st.tuples(st.sampled_from(IDS), st.sets(st.sampled_from(IDS), min_size=1, max_size=2))


@given(st.lists(edges, min_size=2, max_size=5), st.lists(st.integers(0, 8), max_size=30))
def test_however_updates_come_together_no_task_waits_for_itself(
    asked: list[tuple[str, set[str]]], delays: list[int]
) -> None:
    async def run() -> None:
        store, one, other = await two(*IDS)
        store.delays = delays

        async def ask(process: Process, task_id: str, after: set[str]) -> None:
            try:
                await process.wait_for(task_id, *sorted(after))
            except TaskCycleError:
                return

        await asyncio.gather(*(ask((one, other)[index % 2], *each) for index, each in enumerate(asked)))
        links = {task_id: (await Process(store).tasks.get(T, task_id)).details.dependencies for task_id in IDS}
        for task_id in IDS:
            reached = set(links[task_id])
            for _ in IDS:
                reached |= {each for known in reached for each in links[known]}
            assert task_id not in reached

    asyncio.run(run())
