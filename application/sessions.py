"""What can be done with sessions."""

from __future__ import annotations

from collections.abc import Callable

from application.aggregates import Aggregates
from application.cache import StateCache
from application.ports import Clock, EventStore, Snapshots
from domain.recorded import Origin
from domain.sessions import session as aggregate
from domain.sessions.commands import CreateSession, EndSession
from domain.sessions.session import Moment, Session, check_id, existing, stream_name


class Sessions:
    """The application's face for sessions."""

    def __init__(
        self,
        store: EventStore,
        snapshots: Snapshots,
        clock: Clock,
        new_id: Callable[[], str],
        cache: StateCache | None = None,
    ) -> None:
        self._sessions: Aggregates[Session] = Aggregates(
            Session, store, snapshots, clock, aggregate.fold, aggregate.sealed_for, cache or StateCache(clock)
        )
        self._new_id = new_id

    def make_id(self) -> str:
        """An id for a session that was given none."""
        return self._new_id()

    async def create(self, tenant: str, command: CreateSession, origin: Origin) -> Session:
        """Begin a session."""
        check_id(command.session_id)
        after, _ = await self._sessions.execute(
            tenant, stream_name(command.session_id), lambda state, _: aggregate.create(state, command), origin
        )
        return after

    async def end(self, tenant: str, session_id: str, command: EndSession, origin: Origin) -> Session:
        """Complete it, or say that it failed."""
        check_id(session_id)
        after, _ = await self._sessions.execute(
            tenant, stream_name(session_id), lambda state, now: aggregate.end(state, command, Moment(now)), origin
        )
        return after

    async def get(self, tenant: str, session_id: str) -> Session:
        """The session as it is now, read strongly consistent.

        Raises:
            SessionNotFoundError: there is none.
        """
        check_id(session_id)
        return existing(await self._sessions.load(tenant, stream_name(session_id)))
