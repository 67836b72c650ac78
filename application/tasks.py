"""What can be done with tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from application.aggregates import Aggregates
from application.cache import StateCache
from application.ports import Clock, EventStore, Snapshots
from application.sessions import Sessions
from application.together import DecideTogether, Member, Together
from domain.errors import ContextlineError, InvalidInputError, OverloadedError
from domain.recorded import Event, Origin
from domain.sessions.session import Moment, Session
from domain.tasks import graph, steps
from domain.tasks import task as aggregate
from domain.tasks.commands import (
    CancelTask,
    CompleteTask,
    CreateTask,
    FailTask,
    RetryTask,
    StartTask,
    UpdateTask,
)
from domain.tasks.identity import check_id, stream_name
from domain.tasks.task import Task, existing

MOST_BEHIND = 1_000
"""Tasks that may stand behind a task, over all its dependencies and theirs, or above it."""

AT_ONCE = 16
"""Tasks that are loaded at the same time."""

ATTEMPTS = 100
"""How often a command is decided anew when other tasks come to stand behind its own meanwhile."""


class _GrownError(ContextlineError):
    """There are tasks to look at that were not loaded."""


class Tasks:
    """The application's face for tasks."""

    def __init__(
        self,
        store: EventStore,
        snapshots: Snapshots,
        clock: Clock,
        sessions: Sessions,
        new_id: Callable[[], str],
        cache: StateCache | None = None,
    ) -> None:
        self._tasks: Aggregates[Task] = Aggregates(
            Task,
            store,
            snapshots,
            clock,
            aggregate.fold,
            aggregate.sealed_for,
            cache or StateCache(clock),
            aggregate.session_of,
        )
        self._together = Together(store, clock)
        self._sessions, self._new_id = sessions, new_id

    def make_id(self) -> str:
        """An id for a task that was given none."""
        return self._new_id()

    async def get(self, tenant: str, task_id: str) -> Task:
        """The task as it is now, read strongly consistent.

        Raises:
            TaskNotFoundError: there is none.
            TaskErasedError: it was erased.
        """
        return existing(await self._load(tenant, task_id))

    async def create(self, tenant: str, command: CreateTask, origin: Origin) -> Task:
        """Have something done. Its session is watched: while it is written it neither ends nor is deleted."""
        check_id(command.task_id)
        details = command.details
        # They are there for ever, so it is enough that they are there by now.
        others = await self._load_all(
            tenant, [*details.dependencies, *([] if details.parent_id is None else [details.parent_id])]
        )
        return await self._in_session(
            tenant,
            command.session_id,
            command.task_id,
            lambda task, session, moment: steps.create(task, session, command, moment, others),
            origin,
        )

    async def update(self, tenant: str, task_id: str, command: UpdateTask, origin: Origin) -> Task:
        """Change what it is. All tasks behind the new ones are watched: no two updates make a circle between them."""
        changes = command.changes
        first = [each for each in (changes.parent_id,) if isinstance(each, str)]
        first += changes.dependencies if isinstance(changes.dependencies, tuple) else ()
        if not first:
            return await self._step(tenant, task_id, lambda task: steps.update(task, command, {}), origin)
        known: dict[str, Task | None] = {}
        for _ in range(ATTEMPTS):
            while new := graph.unknown(first, known, _behind):
                if len(known) + len(new) > MOST_BEHIND:
                    raise InvalidInputError.at(
                        "/dependencies",
                        f"more than {MOST_BEHIND} tasks would stand behind it: make fewer, larger steps",
                    )
                known |= await self._load_all(tenant, new)
            try:
                return await self._update(tenant, task_id, command, first, known, origin)
            except _GrownError:
                known = {}
        raise _others()

    async def _update(
        self,
        tenant: str,
        task_id: str,
        command: UpdateTask,
        first: Sequence[str],
        known: dict[str, Task | None],
        origin: Origin,
    ) -> Task:
        watched = [each for each in known if each != task_id]

        def decide(states: Sequence[Any], _: object) -> Sequence[Sequence[Event]]:
            task = states[0]
            others = {task_id: task, **dict(zip(watched, states[1:], strict=True))}
            if graph.unknown(first, others, _behind):
                raise _GrownError
            return [steps.update(task, command, others), *([] for _ in watched)]

        members = [self._member(each) for each in (task_id, *watched)]
        outcomes = await self._together.execute(tenant, members, decide, origin)
        after: Task = outcomes[0].state
        return after

    async def start(self, tenant: str, task_id: str, command: StartTask, origin: Origin) -> Task:
        """Begin work on it."""
        for _ in range(ATTEMPTS):
            task = await self.get(tenant, task_id)
            # What is completed stays so: it is enough that it is by now.
            others = await self._load_all(tenant, task.details.dependencies)

            def decide(task: Task | None, session: Session | None, moment: Moment) -> Sequence[Event]:
                if any(each not in others for each in steps.dependencies(task)):  # noqa: B023 - used in this round alone
                    raise _GrownError
                return steps.start(task, session, command, moment, others)  # noqa: B023

            try:
                return await self._in_session(tenant, task.session_id, task_id, decide, origin)
            except _GrownError:
                continue
        raise _others()

    async def retry(self, tenant: str, task_id: str, command: RetryTask, origin: Origin) -> Task:
        """Have it done once more."""
        task = await self.get(tenant, task_id)
        return await self._in_session(
            tenant,
            task.session_id,
            task_id,
            lambda task, session, moment: steps.retry(task, session, command, moment),
            origin,
        )

    async def complete(self, tenant: str, task_id: str, command: CompleteTask, origin: Origin) -> Task:
        """It is done."""
        return await self._step(tenant, task_id, lambda task: steps.complete(task, command), origin)

    async def fail(self, tenant: str, task_id: str, command: FailTask, origin: Origin) -> Task:
        """It could not be done."""
        return await self._step(tenant, task_id, lambda task: steps.fail(task, command), origin)

    async def cancel(self, tenant: str, task_id: str, command: CancelTask, origin: Origin) -> Task:
        """It is not to be done any more."""
        return await self._step(tenant, task_id, lambda task: steps.cancel(task, command), origin)

    def _member(self, task_id: str) -> Member:
        return Member(self._tasks, stream_name(task_id))

    async def _load(self, tenant: str, task_id: str) -> Task | None:
        check_id(task_id)
        return await self._tasks.load(tenant, stream_name(task_id))

    async def _load_all(self, tenant: str, task_ids: Iterable[str]) -> dict[str, Task | None]:
        wanted = list(dict.fromkeys(task_ids))
        found: dict[str, Task | None] = {}
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            loaded = await asyncio.gather(*(self._load(tenant, task_id) for task_id in some))
            found |= zip(some, loaded, strict=True)
        return found

    async def _step(
        self, tenant: str, task_id: str, decide: Callable[[Task | None], Sequence[Event]], origin: Origin
    ) -> Task:
        check_id(task_id)
        after, _ = await self._tasks.execute(tenant, stream_name(task_id), lambda task, _: decide(task), origin)
        return after

    async def _in_session(
        self,
        tenant: str,
        session_id: str,
        task_id: str,
        decide: Callable[[Task | None, Session | None, Moment], Sequence[Event]],
        origin: Origin,
    ) -> Task:
        """A step that its session must allow. The session is watched, and gets no event."""
        moment = await self._sessions.moment(tenant, session_id)
        both: DecideTogether = lambda states, _: [decide(states[0], states[1], moment), []]  # noqa: E731
        members = [self._member(task_id), self._sessions.member(session_id)]
        outcomes = await self._together.execute(tenant, members, both, origin)
        after: Task = outcomes[0].state
        return after


def _behind(task: Task | None) -> Sequence[str]:
    """Those that a task depends on, and the one that it is a part of."""
    return (*steps.dependencies(task), *steps.parents(task))


def _others() -> OverloadedError:
    return OverloadedError(f"the change met {ATTEMPTS} others on its way and was not made; try again")
