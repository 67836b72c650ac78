# Generated from _async/session_branches.py by scripts/generate_sync_client.py: edit that, then run the script.
"""The call that branches a session."""

from __future__ import annotations

from datetime import datetime

from contextline._encoding import instant, named
from contextline._sync.base import Base
from contextline.types import BranchedSession


class SessionBranchCalls(Base):
    """The call that branches a session."""

    def branch_session(
        self,
        session_id: str,
        *,
        new_session_id: str | None = None,
        as_of: datetime | None = None,
        position: int | None = None,
        timeout: float = 5.0,
        changed_by: str | None = None,
        agent_id: str | None = None,
        causation_id: str | None = None,
        correlation_id: str | None = None,
    ) -> BranchedSession:
        """Begin a session with copies of all that belonged to another: now, or at a past instant or log position.

        The contexts are in the namespace of the new session's id. `timeout`: seconds to wait for them to be copied;
        the session is there in any case.

        Raises:
            SessionNotFoundError: there was no such session at that point.
            SessionErasedError: it was erased.
            AlreadyExistsError: the new id was used before.
            PositionNotInLogError: the log doesn't have that position.
        """
        body = named(
            session_id=session_id,
            new_session_id=new_session_id,
            as_of=instant("as_of", as_of) if as_of else None,
            position=position,
            timeout=timeout,
            changed_by=changed_by,
            agent_id=agent_id,
            causation_id=causation_id,
            correlation_id=correlation_id,
        )
        path = "/api/sessions/branch"
        branched = self._transport.command("POST", path, BranchedSession, {}, body, wait=timeout)
        self._seen.note(branched.position)
        return branched
