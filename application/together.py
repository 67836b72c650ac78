"""Commands on several aggregates at once: decided on the states of all, appended all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from application.aggregates import ATTEMPTS, Aggregates
from application.ports import Clock, Done, EventStore
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


DecideTogether = Callable[[Sequence[Any], datetime], Sequence[Sequence[Event]]]
"""From the states of the members (None where there is none) to the events of each, in order; or a refusal raised.

A member without events is watched: the command is carried out only if it is still as it was when this was decided.
It may be called again with newer states.
"""


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
                    decided = decide(states, self._clock())
                except ContextlineError:
                    if newest:
                        raise
                    known, newest = states, True
                    continue
                writes = [
                    member.aggregates.write(stream, member.stream_name, state, events)
                    for (member, stream), state, events in zip(pairs, states, decided, strict=True)
                    # What never was has no version to watch.
                    if events or state is not None
                ]
                named = origin
                for (member, _), state, events in zip(pairs, states, decided, strict=True):
                    named = member.aggregates.origin(named, state, events)
                try:
                    recorded = list(await self._store.append(tenant, writes, named, done))
                except VersionConflictError:
                    known, newest = states, True
                    continue
                outcomes = []
                for (member, stream), state, events in zip(pairs, states, decided, strict=True):
                    mine, recorded = recorded[: len(events)], recorded[len(events) :]
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
