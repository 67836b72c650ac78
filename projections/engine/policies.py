"""Runs a policy: what follows from an event is carried out before the position moves past it.

A crash between the two means that the same event is looked at again, by what was known before it. Whoever carries out
must recognise what it has done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from psycopg import AsyncConnection

from domain.belonging import Cause
from domain.recorded import Event, Recorded
from infrastructure.sql import load
from projections.engine.projection import Projection
from projections.engine.runner import Runner

_HELD = load(__file__, "held")


class Policy(Projection, Protocol):
    """A projection from whose events something follows. Its rows are its own memory."""

    async def causes(self, connection: AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> Mapping[int, Cause]:
        """The events of a batch from which something may follow, by position; in the connection's transaction."""
        ...

    async def carry_out(
        self, connection: AsyncConnection[Any], cause: Cause, hold: Callable[[], Awaitable[None]]
    ) -> None:
        """Do what follows, with the rows as they are just before the cause; outside of any transaction.

        `hold` proves and prolongs the lease, and raises where it is lost: to be called between the steps of long work.
        """
        ...


class PolicyRunner(Runner):
    """Follows the log for one policy, for ever, as a Runner does."""

    def __init__(self, policy: Policy, *given: Any, **options: Any) -> None:
        super().__init__(policy, *given, **options)
        self._policy = policy

    async def _apply(self, connection: AsyncConnection[Any], position: int, events: Sequence[Recorded[Event]]) -> None:
        async with connection.transaction():
            causes = await self._policy.causes(connection, events)
        waiting: list[Recorded[Event]] = []
        for recorded in events:
            cause = causes.get(recorded.position)
            if cause is not None:
                if waiting:
                    await super()._apply(connection, position, waiting)
                    position, waiting = waiting[-1].position, []
                # Whoever lost the lease must not begin.
                await self._hold(connection)
                await self._policy.carry_out(connection, cause, lambda: self._hold(connection))
            waiting.append(recorded)
        await super()._apply(connection, position, waiting)

    async def _hold(self, connection: AsyncConnection[Any]) -> None:
        now = self._clock()
        async with connection.transaction():
            await self._lease.hold(connection, now)
            await connection.execute(_HELD, {**self._names, "now": now})
