"""Branching sessions. What belonged to one is copied by a policy, in steps (`application.policies`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from application.aggregates import Aggregates
from application.cache import StateCache
from application.points import point_in_log
from application.ports import Clock, EventStore, Snapshots
from domain.errors import InvalidInputError
from domain.recorded import Event, Origin, stream_id
from domain.sessions import session as sessions
from domain.sessions.branching import BranchSession, branch
from domain.sessions.events import BranchPoint
from domain.sessions.session import Session, check_id, stream_name


class WantedBranch(NamedTuple):
    """Of which session, since when; neither instant nor position: as it is now. `session_id` None: one is made."""

    source_id: str
    session_id: str | None = None
    instant: datetime | None = None
    position: int | None = None


class Branching:
    """The application's face for branching sessions."""

    def __init__(
        self,
        store: EventStore,
        snapshots: Snapshots,
        clock: Clock,
        new_id: Callable[[], str],
        cache: StateCache | None = None,
    ) -> None:
        self._store, self._clock, self._new_id = store, clock, new_id
        self._sessions: Aggregates[Session] = Aggregates(
            Session, store, snapshots, clock, sessions.fold, sessions.sealed_for, cache or StateCache(clock)
        )

    async def branch(self, tenant: str, wanted: WantedBranch, origin: Origin) -> Session:
        """Begin the new session; its contexts and tasks follow.

        Raises:
            InvalidInputError, PositionNotReachedError: there is no such point.
            SessionNotFoundError, SessionErasedError: there was no such session then, or it can't be read any more.
            AlreadyExistsError: the new id was used before.
        """
        check_id(wanted.source_id)
        session_id = wanted.session_id or self._new_id()
        check_id(session_id, "/newSessionId")
        if session_id == wanted.source_id:
            raise InvalidInputError.at("/newSessionId", "is the session itself: a branch needs an id of its own")
        position, at = await point_in_log(self._store, self._clock, wanted.instant, wanted.position)
        events = await self._store.read_stream(tenant, stream_id(tenant, stream_name(wanted.source_id)))
        source = sessions.fold(None, events)
        then = sessions.fold(None, (recorded for recorded in events if recorded.position <= position))
        point = BranchPoint(session_id=wanted.source_id, position=position, at=at)
        command = BranchSession(session_id=session_id, point=point)

        def decide(new: Session | None, _: datetime) -> Sequence[Event]:
            return [branch(new, source, then, command)]

        after, _ = await self._sessions.execute(
            tenant, stream_name(session_id), decide, msgspec.structs.replace(origin, session_id=session_id)
        )
        return after
