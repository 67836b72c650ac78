"""The Session aggregate: state, decisions and folding, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from domain.contexts.identity import name_fault
from domain.errors import AlreadyExistsError, InvalidInputError, SessionNotFoundError, VersionConflictError
from domain.recorded import Event, Recorded
from domain.sessions.events import SessionCompleted, SessionCreated, SessionEvent, SessionFailed
from domain.sessions.lifecycle import ACTIVE, COMPLETED, FAILED, check_transition

MAX_ID_LENGTH = 256
"""Of a session id, in Unicode code points."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one version."""

    SHAPE: ClassVar[int] = 1
    """Raise it when the fields change: snapshots of another shape are ignored."""

    stream_id: UUID
    id: str
    status: str
    version: int
    position: int
    user_id: str | None
    data: dict[str, Any]
    metadata: dict[str, Any]
    outcome: dict[str, Any]
    reason: str | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class CreateSession(msgspec.Struct, frozen=True, kw_only=True):
    """Begin a session under an id of the caller's choice or a made one."""

    session_id: str
    user_id: str | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}


class EndSession(msgspec.Struct, frozen=True, kw_only=True):
    """Complete a session, or say that it failed."""

    status: str
    outcome: dict[str, Any] = {}
    reason: str | None = None
    expected_version: int | None = None


def stream_name(session_id: str) -> str:
    """The name of a session's stream."""
    return f"session\n{session_id}"


def check_id(session_id: str, pointer: str = "/sessionId") -> None:
    """Refuse an id that breaks the rules.

    Raises:
        InvalidInputError: it is empty, longer than 256 code points, or holds control characters.
    """
    fault = name_fault(session_id, MAX_ID_LENGTH) if session_id else "a session id has at least one character"
    if fault:
        raise InvalidInputError.at(pointer, fault)


def create(session: Session | None, command: CreateSession) -> list[SessionEvent]:
    """Decide the beginning.

    Raises:
        AlreadyExistsError: that id was used before, also if that session has ended.
    """
    if session is not None:
        raise AlreadyExistsError(f"session {session.id!r} exists and is {session.status}", session.version)
    return [
        SessionCreated(
            session_id=command.session_id, user_id=command.user_id, data=command.data, metadata=command.metadata
        )
    ]


def end(session: Session | None, command: EndSession) -> list[SessionEvent]:
    """Decide the end.

    Raises:
        SessionNotFoundError: there is no such session.
        VersionConflictError: the expected version is not the current one.
        IllegalTransitionError: it has ended already.
    """
    session = existing(session)
    if command.expected_version not in (None, session.version):
        assert command.expected_version is not None
        raise VersionConflictError(command.expected_version, session.version)
    check_transition(session.id, session.status, command.status)
    kind = SessionCompleted if command.status == COMPLETED else SessionFailed
    return [kind(outcome=command.outcome, reason=command.reason)]


def existing(session: Session | None) -> Session:
    """The session, if there is one.

    Raises:
        SessionNotFoundError: there is none.
    """
    if session is None:
        raise SessionNotFoundError("there is no session with that id")
    return session


def evolve(session: Session | None, recorded: Recorded[Event]) -> Session:
    """What an event makes of a session."""
    event, at = recorded.event, recorded.recorded_at
    if isinstance(event, SessionCreated):
        return Session(
            stream_id=recorded.stream_id,
            id=event.session_id,
            status=ACTIVE,
            version=recorded.version,
            position=recorded.position,
            user_id=event.user_id,
            data=event.data,
            metadata=event.metadata,
            outcome={},
            reason=None,
            created_at=at,
            updated_at=at,
            ended_at=None,
        )
    assert session is not None, "a session's first event creates it"
    assert isinstance(event, SessionCompleted | SessionFailed)
    return msgspec.structs.replace(
        session,
        status=COMPLETED if isinstance(event, SessionCompleted) else FAILED,
        version=recorded.version,
        position=recorded.position,
        outcome=event.outcome,
        reason=event.reason,
        updated_at=at,
        ended_at=at,
    )


def fold(session: Session | None, events: Iterable[Recorded[Event]]) -> Session | None:
    """All of them, in order."""
    for recorded in events:
        session = evolve(session, recorded)
    return session
