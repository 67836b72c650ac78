"""When sessions had their last command, from the current state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from infrastructure.eventstore.store import PostgresEventStore
from projections.current_state.v1.project import CurrentState
from projections.current_state.v1.read_sessions import SessionReader
from projections.engine.registry import Registry


class CurrentStateActivity:
    """Implements `application.ports.SessionActivity`; `timeout` in seconds is how long it waits for the read model."""

    def __init__(self, store: PostgresEventStore, sessions: SessionReader, registry: Registry, timeout: float) -> None:
        self._store, self._sessions, self._registry, self._timeout = store, sessions, registry, timeout

    async def last_active(self, tenant: str, session_id: str, *, newest: bool) -> datetime | None:
        """A session's last command; `newest`: with everything that was acknowledged before the call."""
        if newest:
            await self._catch_up()
        return await self._sessions.activity(await self._store.tenants.number(tenant), session_id)

    async def due(self, tenant: str, by: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """Live sessions that have expired by an instant: their ids and last commands."""
        await self._catch_up()
        return await self._sessions.due(await self._store.tenants.number(tenant), by, limit)

    async def _catch_up(self) -> None:
        await self._registry.wait_for(CurrentState.name, await self._store.end(), self._timeout)
