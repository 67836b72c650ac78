"""Commands on several aggregates at once: decided on the states of all, appended all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from application.aggregates import ATTEMPTS, Aggregates
from application.ports import Clock, Done, EventStore, Write
from domain.errors import ContextlineError, OverloadedError, VersionConflictError
from domain.recorded import Event, Origin, Recorded, stream_id

AT_ONCE = 16
"""States that are read at the same time."""


class Member(NamedTuple):
    """One of the aggregates that a command is about."""

    aggregates: Aggregates[Any]
    stream_name: str


class Outcome(NamedTuple):
    """What became of one of them; `events` is empty where nothing was to be changed."""

    state: Any
    events: Sequence[Recorded[Event]]


class Step(NamedTuple):
    """What a part of a command does to one of them: events that were decided on a state, and where that part came from
    if not from where the command did.
    """

    state: Any
    events: Sequence[Event]
    origin: Origin | None = None


DecideTogether = Callable[[Sequence[Any], datetime], Sequence[Sequence[Event]]]
"""From the states of the members (None where there is none) to the events of each, in order; or a refusal raised.

A member without events is watched: the command is carried out only if it is still as it was when this was decided.
It may be called again with newer states.
"""

DecideSteps = Callable[[Sequence[Any], datetime], Awaitable[Sequence[Sequence[Step]]]]
"""The same for commands of many parts: of each member the steps, each on the state that the one before leaves."""


class Together:
    """Carries such commands out."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def execute(
        self,
        tenant: str,
        members: Sequence[Member],
        decide: DecideTogether,
        origin: Origin,
        done: Done | None = None,
    ) -> list[Outcome]:
        """The outcome for each member, in order; no two may be of one stream. `done` is recorded with it.

        Raises:
            AlreadyDoneError: that step was recorded before; nothing was written.
            ContextlineError: the refusal that `decide` raised on the newest states; nothing was written.
            OverloadedError: others kept changing the streams.
            UnavailableError: the database is away.
        """

        async def steps(states: Sequence[Any], now: datetime) -> Sequence[Sequence[Step]]:
            decided = decide(states, now)
            return [[Step(state, events)] for state, events in zip(states, decided, strict=True)]

        return await self.execute_steps(tenant, members, steps, origin, done)

    async def execute_steps(
        self,
        tenant: str,
        members: Sequence[Member],
        decide: DecideSteps,
        origin: Origin,
        done: Done | None = None,
    ) -> list[Outcome]:
        """The same for a command of many parts."""
        streams = [stream_id(tenant, member.stream_name) for member in members]
        assert len(set(streams)) == len(streams), "each stream once"
        async with AsyncExitStack() as turns:
            # In one order for all commands, so that no two wait for each other.
            for stream, member in sorted(zip(streams, members, strict=True), key=lambda pair: pair[0].int):
                await turns.enter_async_context(member.aggregates.turn(stream))
            pairs = list(zip(members, streams, strict=True))
            known = [member.aggregates.kept(stream) for member, stream in pairs]
            newest = not any(known)
            for _ in range(ATTEMPTS):
                states = known
                if newest or None in known:
                    states = await self._refreshed(tenant, pairs, [None] * len(known) if newest else known)
                try:
                    decided = await decide(states, self._clock())
                except ContextlineError:
                    if newest:
                        raise
                    known, newest = states, True
                    continue
                writes = [
                    _write(member, stream, step, origin)
                    for (member, stream), steps in zip(pairs, decided, strict=True)
                    for step in steps
                    # What never was has no version to watch.
                    if step.events or step.state is not None
                ]
                try:
                    recorded = list(await self._store.append(tenant, writes, origin, done))
                except VersionConflictError:
                    known, newest = states, True
                    continue
                outcomes = []
                for (member, stream), state, steps in zip(pairs, states, decided, strict=True):
                    count = sum(len(step.events) for step in steps)
                    mine, recorded = recorded[:count], recorded[count:]
                    after = member.aggregates.take(tenant, stream, state, mine) if mine else state
                    outcomes.append(Outcome(after, mine))
                return outcomes
        raise OverloadedError(f"the change met {ATTEMPTS} others on its way and was not made; try again")

    async def _refreshed(self, tenant: str, pairs: Sequence[tuple[Member, UUID]], known: Sequence[Any]) -> list[Any]:
        """The states; those that are not known are read, some at the same time."""
        states = list(known)
        missing = [index for index, state in enumerate(known) if state is None]
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            reading = (pairs[index][0].aggregates.refresh(tenant, pairs[index][1]) for index in some)
            for index, state in zip(some, await asyncio.gather(*reading), strict=True):
                states[index] = state
        return states


def _write(member: Member, stream: UUID, step: Step, origin: Origin) -> Write:
    """What to append of a step. The session that it is in is its own, where the command doesn't name one."""
    named = member.aggregates.origin(step.origin or origin, step.state, step.events)
    return member.aggregates.write(stream, member.stream_name, step.state, step.events, named)
