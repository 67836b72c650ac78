"""Calls about sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from msgspec import UNSET, UnsetType

from contextline._async.base import AsyncBase
from contextline._encoding import camel_members, check_names, named
from contextline.options import ChangeType, CommandOptions
from contextline.types import (
    DeletedSession,
    Page,
    Session,
)


class AsyncSessionCalls(AsyncBase):
    """Calls about sessions. Every command takes who gives it and why, and can name the version that it was based on."""

    async def create_session(
        self,
        session_id: str | None = None,
        *,
        user_id: str | None = None,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        timeout: int | None | UnsetType = UNSET,
        encrypt: bool | None = None,
        changed_by: str | None = None,
        agent_id: str | None = None,
        causation_id: str | None = None,
        correlation_id: str | None = None,
    ) -> Session:
        """Begin a session, under an id of your choice or one that the server makes.

        `timeout`: the seconds without a command in it after which it expires, None for never; left out: as the server
        is set. `encrypt` is for the session and its tasks: each of its contexts says so for itself.

        Raises:
            AlreadyExistsError: the id was used before, also if that session has ended.
        """
        body = named(
            id=session_id,
            user_id=user_id,
            data=data,
            metadata=metadata,
            encrypt=encrypt,
            changed_by=changed_by,
            agent_id=agent_id,
            causation_id=causation_id,
            correlation_id=correlation_id,
        )
        if timeout is not UNSET:
            body["timeout"] = timeout
        return await self._session_command("POST", "/api/sessions", {}, body)

    async def get_session(self, session_id: str) -> Session:
        """The session as it is now.

        Raises:
            SessionNotFoundError: there is none, or it was deleted.
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
        """A page of sessions, newest first; without a `status` all but those that were deleted.

        `min_position` and `timeout` as in `list`.

        Raises:
            ReadModelBehindError: the list did not get as far as `min_position` in time.
        """
        wanted = {"status": status, "user_id": user_id, "limit": limit, "cursor": cursor}
        return await self._read_model("/api/sessions", Page[Session], wanted, min_position, timeout)

    async def update_session(
        self,
        session_id: str,
        data: Any = UNSET,
        *,
        change_type: ChangeType | None = None,
        metadata: dict[str, Any] | None = None,
        timeout: int | None | UnsetType = UNSET,
        **options: Unpack[CommandOptions],
    ) -> Session:
        """Change what a session holds: its data by `change_type` ("replace", "merge" and so on), metadata as a whole.

        Raises:
            SessionNotFoundError: there is none, or it was deleted.
            IllegalTransitionError: it has ended.
            VersionConflictError: `expected_version` is not the current version.
            ChangeDoesNotApplyError: it does not fit the data as they are now.
        """
        body = named(change_type=change_type, metadata=metadata)
        body |= {} if data is UNSET else {"data": data}
        body |= {} if timeout is UNSET else {"timeout": timeout}
        return await self._session_step("PUT", "update", session_id, body, options)

    async def pause_session(self, session_id: str, **options: Unpack[CommandOptions]) -> Session:
        """Stop work in a session for a while: no task can be started in it. It still expires.

        Raises:
            SessionNotFoundError, IllegalTransitionError, VersionConflictError: as in `complete_session`.
        """
        return await self._session_step("POST", "pause", session_id, {}, options)

    async def resume_session(self, session_id: str, **options: Unpack[CommandOptions]) -> Session:
        """Go on with a paused session; otherwise as `pause_session`."""
        return await self._session_step("POST", "resume", session_id, {}, options)

    async def complete_session(
        self, session_id: str, *, outcome: dict[str, Any] | None = None, **options: Unpack[CommandOptions]
    ) -> Session:
        """End a session that reached what it was for; `outcome` is what came of it.

        Raises:
            SessionNotFoundError: there is none, or it was deleted.
            IllegalTransitionError: it has ended already.
            VersionConflictError: `expected_version` is not the current version.
        """
        return await self._session_step("POST", "complete", session_id, named(outcome=outcome), options)

    async def fail_session(
        self, session_id: str, *, outcome: dict[str, Any] | None = None, **options: Unpack[CommandOptions]
    ) -> Session:
        """End a session that did not reach what it was for; otherwise as `complete_session`."""
        return await self._session_step("POST", "fail", session_id, named(outcome=outcome), options)

    async def delete_session(self, session_id: str, **options: Unpack[CommandOptions]) -> DeletedSession:
        """Delete a session, whether it has ended or not; its history stays, and its id is used up.

        Raises:
            SessionNotFoundError: there is none, or it was deleted before.
            VersionConflictError: `expected_version` is not the current version.
        """
        check_names("delete_session", CommandOptions, options)
        parameters = {"id": session_id, **options}
        deleted = await self._transport.command("DELETE", "/api/sessions/delete", DeletedSession, parameters)
        self._seen.note(deleted.position)
        return deleted

    async def _session_step(
        self, method: str, step: str, session_id: str, body: Mapping[str, Any], options: CommandOptions
    ) -> Session:
        check_names(f"{step}_session", CommandOptions, options)
        whole = {**body, **camel_members({name: value for name, value in options.items() if value is not None})}
        return await self._session_command(method, f"/api/sessions/{step}", {"id": session_id}, whole)

    async def _session_command(
        self, method: str, path: str, parameters: Mapping[str, Any], body: Mapping[str, Any]
    ) -> Session:
        session = await self._transport.command(method, path, Session, parameters, body)
        self._seen.note(session.position)
        return session
