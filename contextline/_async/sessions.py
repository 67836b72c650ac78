"""Calls about sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contextline._async.base import AsyncBase
from contextline._encoding import named
from contextline.types import (
    Page,
    Session,
)


class AsyncSessionCalls(AsyncBase):
    """Calls about sessions."""

    async def create_session(
        self,
        session_id: str | None = None,
        *,
        user_id: str | None = None,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        encrypt: bool | None = None,
    ) -> Session:
        """Begin a session, under an id of your choice or one that the server makes.

        `encrypt` is for the session itself: each of its contexts says so for itself.

        Raises:
            AlreadyExistsError: the id was used before, also if that session has ended.
        """
        body = named(id=session_id, user_id=user_id, data=data, metadata=metadata, encrypt=encrypt)
        return await self._session_command("/api/sessions", {}, body)

    async def get_session(self, session_id: str) -> Session:
        """The session as it is now.

        Raises:
            SessionNotFoundError: there is none.
        """
        return await self._transport.read("/api/sessions/get", Session, {"id": session_id})

    async def list_sessions(
        self,
        *,
        status: str | None = None,
        user_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
        timeout: float | None = None,
    ) -> Page[Session]:
        """A page of sessions; `min_position` and `timeout` as in `list`.

        Raises:
            ReadModelBehindError: the list did not get as far as `min_position` in time.
        """
        wanted = {"status": status, "user_id": user_id, "limit": limit, "cursor": cursor}
        return await self._read_model("/api/sessions", Page[Session], wanted, min_position, timeout)

    async def complete_session(
        self,
        session_id: str,
        *,
        outcome: dict[str, Any] | None = None,
        reason: str | None = None,
        expected_version: int | None = None,
    ) -> Session:
        """End a session that reached what it was for; `outcome` is what came of it.

        Raises:
            SessionNotFoundError: there is none.
            IllegalTransitionError: it has ended already.
            VersionConflictError: `expected_version` is not the current version.
        """
        body = named(outcome=outcome, reason=reason, expected_version=expected_version)
        return await self._session_command("/api/sessions/complete", {"id": session_id}, body)

    async def fail_session(
        self,
        session_id: str,
        *,
        outcome: dict[str, Any] | None = None,
        reason: str | None = None,
        expected_version: int | None = None,
    ) -> Session:
        """End a session that did not reach what it was for; otherwise as `complete_session`."""
        body = named(outcome=outcome, reason=reason, expected_version=expected_version)
        return await self._session_command("/api/sessions/fail", {"id": session_id}, body)

    async def _session_command(self, path: str, parameters: Mapping[str, Any], body: Mapping[str, Any]) -> Session:
        session = await self._transport.command("POST", path, Session, parameters, body)
        self._seen.note(session.position)
        return session
