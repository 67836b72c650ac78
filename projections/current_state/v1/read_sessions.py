"""Asking the current state for sessions: lists, when they were active, which have expired."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from domain.sessions.session import Moment, Session
from infrastructure.sql import load
from projections.current_state.v1.reader import PAGE_BYTES, Cursor, Reader, affordable, format_cursor, parse_cursor

_LIST = load(__file__, "list_sessions")
_ACTIVITY = load(__file__, "session_activity")
_DUE = load(__file__, "due_sessions")

_session: msgspec.msgpack.Decoder[Session] = msgspec.msgpack.Decoder(Session)


class SessionRow(NamedTuple):
    """A session as it is at the moment of the read."""

    session: Session
    moment: Moment


class SessionReader(Reader):
    """Sessions."""

    async def list_sessions(
        self, tenant_id: int, *, status: str | None, user_id: str | None, limit: int, cursor: str | None
    ) -> tuple[list[SessionRow], str | None]:
        """A page of sessions, newest first, and the cursor of the next one or None; with large data fewer than `limit`.

        A status is the one that a session has now. Without one all are listed but those that were deleted.

        Raises:
            InvalidInputError: the cursor is not one of a list of sessions.
        """
        now, after = self._clock(), parse_cursor(cursor, "sessions")
        wanted = {"tenant_id": tenant_id, "status": status, "user_id": user_id, "now": now}
        page = {"after": after.position if after else None, "limit": limit + 1, "bytes": PAGE_BYTES}
        rows, more = affordable(await self.fetch(_LIST, wanted | page), limit, 2)
        following = format_cursor(Cursor("sessions", position=rows[-1][1])) if more else None
        sessions = await self.documents(rows, "session", _session, tenant_id)
        seen = [(session, Moment(now, row[3])) for session, row in zip(sessions, rows, strict=True)]
        return [SessionRow(session.at(moment), moment) for session, moment in seen if session is not None], following

    async def activity(self, tenant_id: int, session_id: str) -> datetime | None:
        """When a session had its last command; None where nothing is known of it."""
        rows = await self.fetch(_ACTIVITY, {"tenant_id": tenant_id, "session_id": session_id})
        return rows[0][0] if rows else None

    async def due(self, tenant_id: int, by: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Live sessions that have expired by an instant: their ids and last commands."""
        rows = await self.fetch(_DUE, {"tenant_id": tenant_id, "by": by, "limit": limit})
        return [(row[0], row[1]) for row in rows]
