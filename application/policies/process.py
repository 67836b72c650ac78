"""The process manager: carries out what the rules say follows from events."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from application.aggregates import Aggregates
from application.cache import StateCache
from application.policies.copying import Copying
from application.policies.rules import SESSION_BRANCHED, Reaction, branch_of, concerns, reactions, settle
from application.policies.steps import Hold, Steps
from application.ports import Clock, Done, EventStore, Members, Snapshots
from application.together import Member, Together
from domain.belonging import Cause, Ended
from domain.contexts import context as contexts
from domain.contexts.context import Context
from domain.contexts.sealing import sealed_for
from domain.recorded import Event
from domain.sessions.session import parse_stream_name
from domain.tasks import task as tasks
from domain.tasks.task import Task

_log = logging.getLogger(__name__)


class Sizes(NamedTuple):
    """Bounds. `step`: streams whose states are in memory together; `page`: those whose names are read at once."""

    step: int = 20
    page: int = 1_000


class Policies:
    """Implements `projections.policies.v1.project.Reactions`. `tenant` gives the name of a tenant's number."""

    def __init__(
        self,
        store: EventStore,
        snapshots: Snapshots,
        clock: Clock,
        tenant: Callable[[int], Awaitable[str]],
        cache: StateCache | None = None,
        sizes: Sizes = Sizes(),  # noqa: B008 (it never changes)
    ) -> None:
        cache = cache or StateCache(clock)
        self._store, self._tenant, self._sizes = store, tenant, sizes
        self._together = Together(store, clock)
        of_contexts = Aggregates(Context, store, snapshots, clock, contexts.fold, sealed_for, cache)
        of_tasks = Aggregates(Task, store, snapshots, clock, tasks.fold, tasks.sealed_for, cache)
        self._kinds: dict[str, Aggregates[Any]] = {"context": of_contexts, "task": of_tasks}
        self._copying = Copying(store, self._together, of_contexts, of_tasks)

    def concerns(self, event: Event, ended: Ended) -> bool:
        """Whether something may follow from an event."""
        return concerns(event, ended)

    async def carry_out(self, cause: Cause, members: Members, hold: Hold) -> None:
        """Do what follows from an event, in steps; those that were done before are passed.

        Raises:
            ContextlineError: it can't be done now, or not at all; nothing is passed over.
        """
        tenant = await self._tenant(cause.recorded.tenant_id)
        for reaction in reactions(cause):
            steps = Steps[str](self._store, tenant, reaction.policy, cause, reaction.session_id, hold)
            await self._settle(tenant, cause, reaction, steps, members)
        if point := branch_of(cause.recorded.event):
            session_id = parse_stream_name(cause.stream_name)
            copies = Steps[Any](self._store, tenant, SESSION_BRANCHED, cause, session_id, hold)
            await self._copying.carry_out(tenant, session_id, point, copies, members, self._sizes.page)

    async def _settle(self, tenant: str, cause: Cause, reaction: Reaction, steps: Steps[str], members: Members) -> None:
        async def do(streams: Sequence[str], number: Callable[[int], Done]) -> int:
            found = [Member(self._kinds[kind], name) for name in streams if (kind := _kind(name)) in self._kinds]
            outcomes = await self._together.execute(tenant, found, decide, steps.origin, number(len(streams)))
            settled = sum(bool(outcome.events) for outcome in outcomes)
            _log.info("%s: of %d streams %d were settled, the others needed nothing", steps.name, len(found), settled)
            return len(streams)

        def decide(states: Sequence[Any], now: datetime) -> list[Sequence[Event]]:
            return [settle(reaction, state, now) for state in states]

        pages = _alone(cause.stream_name) if reaction.alone else _names(members, reaction.owner, self._sizes.page)
        await steps.run(pages, self._sizes.step, do)


def _kind(stream_name: str) -> str:
    return stream_name.partition("\n")[0]


async def _alone(stream_name: str) -> AsyncIterator[Sequence[str]]:
    yield [stream_name]


async def _names(members: Members, owner: str, size: int) -> AsyncIterator[Sequence[str]]:
    page = await members.page(owner, limit=size)
    while page:
        yield [name for _, name in page]
        page = await members.page(owner, after=page[-1][0], limit=size) if len(page) == size else ()
