"""Who has what, from the current state; erasing asks it what it can't erase."""

from __future__ import annotations

from collections.abc import Sequence

from application.ports import LeftInTheClear
from domain.recorded import stream_id
from domain.sessions.session import stream_name
from infrastructure.eventstore.store import PostgresEventStore
from projections.current_state.v1.project import CurrentState
from projections.current_state.v1.read import CurrentStateReader
from projections.engine.registry import Registry


class CurrentStateDirectory:
    """Implements `application.ports.Directory`; `timeout` in seconds is how long it waits for the read model."""

    def __init__(
        self, store: PostgresEventStore, current_state: CurrentStateReader, registry: Registry, timeout: float
    ) -> None:
        self._store, self._current_state, self._registry, self._timeout = store, current_state, registry, timeout

    async def clear_of_session(self, tenant: str, session_id: str) -> list[LeftInTheClear]:
        """The contexts, tasks and decisions of a session, and the session itself, that are stored in the clear."""
        return await self._clear(tenant, await self._newest(tenant), [session_id], None)

    async def clear_of_user(self, tenant: str, user_id: str) -> list[LeftInTheClear]:
        """The same of a user, their sessions and what belongs to those; and their preferences."""
        tenant_id = await self._newest(tenant)
        session_ids = await self._current_state.sessions_of_user(tenant_id, user_id)
        return await self._clear(tenant, tenant_id, session_ids, user_id)

    async def sessions_of_user(self, tenant: str, user_id: str) -> list[str]:
        """The ids of a user's sessions, however they are stored."""
        return await self._current_state.sessions_of_user(await self._newest(tenant), user_id)

    async def _newest(self, tenant: str) -> int:
        """The tenant's number, when the read model has all that is in the log by now."""
        await self._registry.wait_for(CurrentState.name, await self._store.end(), self._timeout)
        return await self._store.tenants.number(tenant)

    async def _clear(
        self, tenant: str, tenant_id: int, session_ids: Sequence[str], user_id: str | None
    ) -> list[LeftInTheClear]:
        streams = [stream_id(tenant, stream_name(session_id)) for session_id in session_ids]
        contexts = await self._current_state.clear_contexts(tenant_id, session_ids, user_id)
        sessions = await self._current_state.clear_sessions(tenant_id, streams)
        tasks = await self._current_state.clear_tasks(tenant_id, session_ids)
        decisions = await self._current_state.clear_decisions(tenant_id, session_ids, user_id)
        preferences = await self._current_state.clear_preferences(tenant_id, user_id)
        return [
            *(LeftInTheClear("context", key, namespace) for namespace, key in contexts),
            *(LeftInTheClear("session", session_id) for session_id in sessions),
            *(LeftInTheClear("task", task_id) for task_id in tasks),
            *(LeftInTheClear("decision", decision_id) for decision_id in decisions),
            *(LeftInTheClear("preferences", owner) for owner in preferences),
        ]
