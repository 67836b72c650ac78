"""What can be done with sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from application.activity import Activities, Due
from application.aggregates import Aggregates
from application.cache import StateCache
from application.ports import Clock, EventStore, Snapshots
from application.together import Member
from domain.errors import ConflictError, NotFoundError
from domain.recorded import Event, Origin
from domain.sessions import session as aggregate
from domain.sessions import steps
from domain.sessions.commands import (
    CreateSession,
    DeleteSession,
    EndSession,
    PauseSession,
    ResumeSession,
    UpdateSession,
)
from domain.sessions.session import Moment, Session, check_id, existing, stream_name

GRACE = timedelta(seconds=10)
"""An expiry is recorded so long after it came: the clocks of other processes may be behind ours."""

AT_ONCE = 1_000
"""Expired sessions that are recorded in one go."""


class SeenSession(NamedTuple):
    """A session as it is at an instant, and its last command."""

    session: Session
    moment: Moment


class Sessions:
    """The application's face for sessions."""

    def __init__(
        self,
        store: EventStore,
        snapshots: Snapshots,
        clock: Clock,
        new_id: Callable[[], str],
        cache: StateCache | None = None,
        activities: Activities | None = None,
    ) -> None:
        """Without `activities` commands on contexts and tasks don't keep a session alive."""
        self._sessions: Aggregates[Session] = Aggregates(
            Session,
            store,
            snapshots,
            clock,
            aggregate.fold,
            aggregate.sealed_for,
            cache or StateCache(clock),
            aggregate.session_of,
        )
        self._new_id, self._clock = new_id, clock
        self._activities = activities or Activities()

    def make_id(self) -> str:
        """An id for a session that was given none."""
        return self._new_id()

    async def create(self, tenant: str, command: CreateSession, origin: Origin) -> Session:
        """Begin a session."""
        check_id(command.session_id)
        after, _ = await self._sessions.execute(
            tenant, stream_name(command.session_id), lambda state, _: steps.create(state, command), origin
        )
        return after

    async def update(self, tenant: str, session_id: str, command: UpdateSession, origin: Origin) -> Session:
        """Change what it holds."""
        return await self._step(tenant, session_id, lambda state, moment: steps.update(state, command, moment), origin)

    async def pause(self, tenant: str, session_id: str, command: PauseSession, origin: Origin) -> Session:
        """Stop work for a while."""
        return await self._step(tenant, session_id, lambda state, moment: steps.pause(state, command, moment), origin)

    async def resume(self, tenant: str, session_id: str, command: ResumeSession, origin: Origin) -> Session:
        """Go on with a paused one."""
        return await self._step(tenant, session_id, lambda state, moment: steps.resume(state, command, moment), origin)

    async def end(self, tenant: str, session_id: str, command: EndSession, origin: Origin) -> Session:
        """Complete it, or say that it failed."""
        return await self._step(tenant, session_id, lambda state, moment: steps.end(state, command, moment), origin)

    async def delete(self, tenant: str, session_id: str, command: DeleteSession, origin: Origin) -> Session:
        """Delete it; its history stays."""
        return await self._step(tenant, session_id, lambda state, moment: steps.delete(state, command, moment), origin)

    async def get(self, tenant: str, session_id: str) -> Session:
        """The session as it is now, read strongly consistent.

        Raises:
            SessionNotFoundError: there is none, or it was deleted.
            ReadModelBehindError: it seems to have expired, and whether it has can't be told in time.
        """
        session, moment = await self._load(tenant, session_id)
        return existing(session).at(moment)

    async def see(self, tenant: str, session_id: str) -> SeenSession:
        """The same, and its last command."""
        check_id(session_id)
        session = existing(await self._sessions.load(tenant, stream_name(session_id)))
        moment = await self._activities.exactly(tenant, session, self._clock())
        return SeenSession(session.at(moment), moment)

    async def expire_due(self, tenant: str) -> list[str]:
        """Record the expiry of sessions whose time has passed, at most 1,000 of them; their ids.

        Raises:
            UnavailableError: the database is away, or the read model is behind.
        """
        # The instant comes first: what is acknowledged later came after it, to a session that had expired by then.
        by = self._clock() - GRACE
        due = await self._activities.due(tenant, by, AT_ONCE)
        return [found.session_id for found in due if await self._expire(tenant, found, by)]

    # What commands on several aggregates are made of, where a session is one of them

    def member(self, session_id: str) -> Member:
        """A session as one of several aggregates."""
        check_id(session_id)
        return Member(self._sessions, stream_name(session_id))

    async def moment(self, tenant: str, session_id: str) -> Moment:
        """What is to be decided on about a session now; `Session.at` tells how it is then.

        Raises:
            ReadModelBehindError: it seems to have expired, and whether it has can't be told in time.
        """
        _, moment = await self._load(tenant, session_id)
        return moment

    async def _expire(self, tenant: str, due: Due, by: datetime) -> bool:
        moment, name = Moment(by, due.last_active), stream_name(due.session_id)
        try:
            await self._sessions.execute(tenant, name, lambda state, _: steps.expire(state, moment), Origin())
        except (ConflictError, NotFoundError):
            # It ended otherwise, or another process has recorded it.
            return False
        return True

    async def _load(self, tenant: str, session_id: str) -> tuple[Session | None, Moment]:
        check_id(session_id)
        session = await self._sessions.load(tenant, stream_name(session_id))
        now = self._clock()
        return session, Moment(now) if session is None else await self._activities.moment(tenant, session, now)

    async def _step(
        self,
        tenant: str,
        session_id: str,
        decide: Callable[[Session | None, Moment], Sequence[Event]],
        origin: Origin,
    ) -> Session:
        moment = await self.moment(tenant, session_id)
        after, _ = await self._sessions.execute(
            tenant, stream_name(session_id), lambda state, _: decide(state, moment), origin
        )
        return after
