"""When sessions had their last command: what the read model knows, and what this process has written since.

Nothing of it is written to a session's stream, where the writers of its contexts and tasks would get in one another's
way. What is known may be too old, never too new; so a session that has expired by what is known is looked up again,
with everything that was acknowledged by then, before anybody is told so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from application.ports import SessionActivity
from domain.errors import ReadModelBehindError
from domain.recorded import Origin
from domain.sessions.activity import Activity
from domain.sessions.session import Moment, Session

MOST_REMEMBERED = 100_000
"""Sessions whose last command of this process is kept in memory; of more, those used longest ago are forgotten."""


class NothingKnown:
    """Where no read model keeps it: a session's own events are all that counts."""

    async def last_active(self, tenant: str, session_id: str, *, newest: bool) -> datetime | None:
        """Nothing is known."""
        return None

    async def due(self, tenant: str, by: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """Of none."""
        return ()


class RecentCommands:
    """The last command in each session that this process has written."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def note(self, tenant: str, origin: Origin, at: datetime) -> None:
        """One was written."""
        if origin.session_id is not None:
            key = tenant, origin.session_id
            self._last[key] = at
            self._last.move_to_end(key)
            if len(self._last) > MOST_REMEMBERED:
                self._last.popitem(last=False)

    def last(self, tenant: str, session_id: str) -> datetime | None:
        """When the last one was, if it is remembered."""
        return self._last.get((tenant, session_id))


class Due(NamedTuple):
    """A session that has expired, and its last command."""

    session_id: str
    last_active: datetime


class Activities:
    """Tells when sessions were active."""

    def __init__(self, known: SessionActivity | None = None, recent: RecentCommands | None = None) -> None:
        self._known, self._recent = known or NothingKnown(), recent or RecentCommands()

    async def moment(self, tenant: str, session: Session, now: datetime) -> Moment:
        """What a step of a session at that instant is decided on.

        Raises:
            ReadModelBehindError: it seems to have expired, and the read model does not get there in time to be sure.
        """
        if session.at(Moment(now)) is session:
            # Its own events show that it is alive.
            return Moment(now, session.updated_at)
        return await self.exactly(tenant, session, now)

    async def exactly(self, tenant: str, session: Session, now: datetime) -> Moment:
        """The same, with the last command that is known even where the session is alive without it.

        Raises:
            ReadModelBehindError: as `moment`.
        """
        try:
            known = await self._known.last_active(tenant, session.id, newest=False)
        except ReadModelBehindError:
            # It was never built. Then the session's own events may do.
            known = None
        moment = Moment(now, self._with_recent(tenant, session, known))
        if session.at(moment) is not session:
            known = await self._known.last_active(tenant, session.id, newest=True)
            moment = Moment(now, max(session.updated_at, known or session.updated_at))
        return moment

    async def due(self, tenant: str, by: datetime, limit: int) -> list[Due]:
        """Sessions that have expired by an instant, as of everything that was acknowledged before the call.

        Raises:
            ReadModelBehindError: the read model does not get there in time.
        """
        return [Due(*found) for found in await self._known.due(tenant, by, limit)]

    def _with_recent(self, tenant: str, session: Session, known: datetime | None) -> datetime:
        last = max(session.updated_at, known or session.updated_at)
        recent = self._recent.last(tenant, session.id)
        # One that came after the expiry doesn't count, and one before it may be missing between: that is looked up.
        return Activity(last, session.timeout).with_command(recent).last if recent else last
