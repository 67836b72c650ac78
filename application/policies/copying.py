"""Copies what belonged to a session at a point in its history into a branch of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from application.aggregates import Aggregates
from application.policies.steps import Steps
from application.ports import Done, EventStore, Members
from application.together import Member, Together
from domain.belonging import is_forgotten
from domain.contexts import context as contexts
from domain.contexts.context import Context
from domain.contexts.identity import is_stream_name as is_context
from domain.contexts.identity import parse_stream_name, stream_name
from domain.recorded import Event, stream_id
from domain.sessions.branching import copied, places
from domain.sessions.events import BranchPoint
from domain.sessions.session import stream_name as session_stream
from domain.tasks import task as tasks
from domain.tasks.copying import copied as tasks_copied
from domain.tasks.copying import copy_id
from domain.tasks.identity import is_stream_name as is_task
from domain.tasks.identity import parse_stream_name as parse_task_stream
from domain.tasks.identity import stream_name as task_stream
from domain.tasks.lifecycle import ERASED
from domain.tasks.task import Task

_log = logging.getLogger(__name__)

STEP = 50
"""Copies of one append at most."""

AT_ONCE = 10
"""Contexts and tasks whose histories are read at the same time."""

STEP_BYTES = 8 * 1024 * 1024
"""Bytes of documents after which an append has enough; one alone may have more."""


class _Copy(NamedTuple):
    """What is copied, and where to: the names of streams; of a context also the new namespace."""

    source: str
    target: str
    namespace: str = ""


class Copying:
    """Carries it out."""

    def __init__(
        self, store: EventStore, together: Together, of_contexts: Aggregates[Context], of_tasks: Aggregates[Task]
    ) -> None:
        self._store, self._together = store, together
        self._contexts, self._tasks = of_contexts, of_tasks

    async def carry_out(
        self, tenant: str, session_id: str, point: BranchPoint, steps: Steps[_Copy], members: Members, page: int
    ) -> None:
        """Copy what is not copied yet. What can't be read any more, because it was erased since, is left out."""

        async def do(some: Sequence[_Copy], number: Callable[[int], Done]) -> int:
            taken, found = 0, []
            size = 0
            while taken < len(some) and size < STEP_BYTES:
                group = some[taken : taken + AT_ONCE]
                sources = await asyncio.gather(*(self._then(tenant, copy.source, point) for copy in group))
                taken += len(group)
                for copy, source in zip(group, sources, strict=True):
                    if source is not None:
                        size += len(msgspec.msgpack.encode(source))
                        found.append((copy, source))
            await self._copy(tenant, session_id, found, number(taken), steps)
            return taken

        copies = _plan(point.session_id, session_id, await _members_then(point, members, page))
        await steps.run(_pages(copies), STEP, do)

    async def _copy(
        self,
        tenant: str,
        session_id: str,
        found: Sequence[tuple[_Copy, Context | Task]],
        done: Done,
        steps: Steps[_Copy],
    ) -> None:
        targets = [
            Member(self._tasks if isinstance(source, Task) else self._contexts, copy.target) for copy, source in found
        ]

        def decide(states: Sequence[Any], now: datetime) -> list[Sequence[Event]]:
            return [
                tasks_copied(target, source, session_id)
                if isinstance(source, Task)
                else copied(target, source, copy.namespace, session_id, now)
                for target, (copy, source) in zip(states, found, strict=True)
            ]

        outcomes = await self._together.execute(tenant, targets, decide, steps.origin, done)
        _log.info("%s: %d were copied", steps.name, sum(bool(outcome.events) for outcome in outcomes))

    async def _then(self, tenant: str, name: str, point: BranchPoint) -> Context | Task | None:
        """What it was at the point; None where it was not there then, or can't be read any more."""
        events = await self._store.read_stream(tenant, stream_id(tenant, name))
        if any(is_forgotten(recorded.event) for recorded in events if recorded.position > point.position):
            return None
        until_then = [recorded for recorded in events if recorded.position <= point.position]
        if is_task(name):
            task = tasks.fold(None, until_then)
            return None if task is None or task.status == ERASED else task
        context = contexts.fold(None, until_then)
        return context if context is not None and context.is_live(point.at) else None


def _plan(source_id: str, session_id: str, names: Sequence[str]) -> list[_Copy]:
    of_contexts = [name for name in names if is_context(name)]
    found = [
        _Copy(name, stream_name(namespace, key), namespace)
        for name, (namespace, key) in zip(
            of_contexts, places(source_id, session_id, list(map(parse_stream_name, of_contexts))), strict=True
        )
    ]
    return found + [
        _Copy(name, task_stream(copy_id(session_id, parse_task_stream(name)))) for name in names if is_task(name)
    ]


async def _members_then(point: BranchPoint, members: Members, size: int) -> list[str]:
    """The names of the streams that belonged to the session at the point."""
    owner, found = session_stream(point.session_id), []
    page = await members.page(owner, at=point.position, limit=size)
    while page:
        found += [name for _, name in page]
        page = await members.page(owner, at=point.position, after=page[-1][0], limit=size) if len(page) == size else ()
    return found


async def _pages(copies: Sequence[_Copy]) -> AsyncIterator[Sequence[_Copy]]:
    yield copies
