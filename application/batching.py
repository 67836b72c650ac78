"""Many commands in one request: all or nothing, or each for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from application.contexts import ContextRef, Contexts
from application.together import Member, Step, Together
from domain.contexts import context as aggregate
from domain.contexts.commands import DeleteContext, StoreContext, UpdateContext
from domain.contexts.context import Context
from domain.contexts.events import ContextEvent
from domain.errors import BatchRefusedError, ContextlineError
from domain.recorded import Event, Origin, Recorded, stream_id

MAX_OPERATIONS = 1_000

AT_ONCE = 16
"""Independent operations that are on their way at the same time: enough to share transactions, and one caller's batch
leaves room for others."""

Command = StoreContext | UpdateContext | DeleteContext


class BatchOperation(NamedTuple):
    """A command on a context, and where it comes from."""

    ref: ContextRef
    command: Command
    origin: Origin


class CarriedOut(NamedTuple):
    """The context after an operation, and whether it was created by it."""

    context: Context
    created: bool


class Batches:
    """Carries batches out."""

    def __init__(self, contexts: Contexts, together: Together) -> None:
        self._contexts, self._together = contexts, together

    async def atomic(self, tenant: str, operations: Sequence[BatchOperation]) -> list[CarriedOut]:
        """All or nothing. Operations on one context are decided one after the other, each on what the last one leaves.

        Raises:
            BatchRefusedError: an operation was refused; the error names it. Nothing was written.
            OverloadedError: others kept changing the contexts.
            UnavailableError: the database is away.
        """
        members: dict[Member, int] = {}
        places: list[int] = []
        for index, operation in enumerate(operations):
            with _refusing(index):
                member = self._contexts.member(operation.ref)
            places.append(members.setdefault(member, len(members)))
        streams = [stream_id(tenant, member.stream_name) for member in members]

        kinds = [member.aggregates for member in members]
        before: list[Context | None] = []

        async def decide(known: Sequence[Any], now: datetime) -> Sequence[Sequence[Step]]:
            before[:], states = known, list(known)
            steps: list[list[Step]] = [[] for _ in states]
            for index, (place, operation) in enumerate(zip(places, operations, strict=True)):
                with _refusing(index):
                    # As it will be written, so that the next one is decided on that.
                    events = kinds[place].complete(states[place], _decide(states[place], operation.command, now))
                steps[place].append(Step(states[place], events, operation.origin))
                states[place] = _foreseen(states[place], streams[place], events, now)
                # Each may cost as much as a command does: others are not to wait for a thousand of them.
                await asyncio.sleep(0)
            return steps

        outcomes = await self._together.execute_steps(tenant, list(members), decide, Origin())
        recorded = [iter(outcome.events) for outcome in outcomes]
        return [_done(before, place, next(recorded[place])) for place in places]

    async def independent(self, operations: Sequence[BatchOperation]) -> list[CarriedOut | Exception]:
        """Each for itself: what became of it, or why nothing did. Those on one context keep their order."""
        lines: dict[ContextRef, list[int]] = {}
        for index, operation in enumerate(operations):
            lines.setdefault(operation.ref, []).append(index)
        found: dict[int, CarriedOut | Exception] = {}
        turns = asyncio.Semaphore(AT_ONCE)

        async def follow(line: Sequence[int]) -> None:
            for index in line:
                async with turns:
                    try:
                        found[index] = await self._carry_out(operations[index])
                    except Exception as error:
                        # Told for this one: of the others it can't be taken back what was done.
                        found[index] = error

        async with asyncio.TaskGroup() as group:
            for line in lines.values():
                group.create_task(follow(line))
        return [found[index] for index in range(len(operations))]

    async def _carry_out(self, operation: BatchOperation) -> CarriedOut:
        ref, command, origin = operation
        match command:
            case StoreContext():
                return CarriedOut(*await self._contexts.store(ref, command, origin))
            case UpdateContext():
                return CarriedOut(await self._contexts.update(ref, command, origin), False)
            case DeleteContext():
                return CarriedOut(await self._contexts.delete(ref, command, origin), False)


def _decide(state: Context | None, command: Command, now: datetime) -> Sequence[ContextEvent]:
    match command:
        case StoreContext():
            return aggregate.store(state, command, now)
        case UpdateContext():
            return aggregate.update(state, command, now)
        case DeleteContext():
            return aggregate.delete(state, command, now)


def _foreseen(state: Context | None, stream: UUID, events: Sequence[Event], now: datetime) -> Context | None:
    """What the next operation on that context is decided on: its events are not in the log yet."""
    for version, event in enumerate(events, aggregate.current_version(state) + 1):
        state = aggregate.evolve(state, Recorded[Event](event, 0, stream, version, 0, now, Origin()))
    return state


def _done(states: list[Context | None], place: int, recorded: Recorded[Event]) -> CarriedOut:
    """What an operation left, which is what the next one on that context found: each makes one event."""
    states[place] = after = aggregate.evolve(states[place], recorded)
    return CarriedOut(after, aggregate.begins(recorded.event))


@contextmanager
def _refusing(index: int) -> Iterator[None]:
    try:
        yield
    except ContextlineError as error:
        raise BatchRefusedError(index, error) from error
