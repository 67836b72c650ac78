"""The Session aggregate: state, decisions and folding, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from domain.contexts.identity import name_fault
from domain.erasure import Erased, Subject
from domain.errors import (
    AlreadyExistsError,
    InvalidInputError,
    SessionErasedError,
    SessionNotFoundError,
    VersionConflictError,
)
from domain.recorded import Event, Recorded
from domain.sessions.events import SessionCompleted, SessionCreated, SessionErased, SessionEvent, SessionFailed
from domain.sessions.lifecycle import ACTIVE, COMPLETED, ERASED, FAILED, check_transition

MAX_ID_LENGTH = 256
"""Of a session id, in Unicode code points."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one version."""

    SHAPE: ClassVar[int] = 2
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
    encrypted: bool = False


class CreateSession(msgspec.Struct, frozen=True, kw_only=True):
    """Begin a session under an id of the caller's choice or a made one."""

    session_id: str
    user_id: str | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    encrypt: bool = False


class EndSession(msgspec.Struct, frozen=True, kw_only=True):
    """Complete a session, or say that it failed."""

    status: str
    outcome: dict[str, Any] = {}
    reason: str | None = None
    expected_version: int | None = None


def stream_name(session_id: str) -> str:
    """The name of a session's stream."""
    return f"session\n{session_id}"


def is_stream_name(name: str) -> bool:
    """Whether a stream is a session's."""
    return name.startswith("session\n")


def parse_stream_name(name: str) -> str:
    """The id of a session's stream."""
    return name.split("\n")[1]


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
            session_id=command.session_id,
            user_id=command.user_id,
            data=command.data,
            metadata=command.metadata,
            encrypted=command.encrypt,
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
        SessionErasedError: it was erased.
    """
    if session is None:
        raise SessionNotFoundError("there is no session with that id")
    if session.status == ERASED:
        raise SessionErasedError(f"the session was erased (version {session.version})")
    return session


def sealed_for(session: Session | None, events: Sequence[Event]) -> Subject | None:
    """Whose key to encrypt new events with, None: in the clear. A session is encrypted from its beginning, or not."""
    for event in events:
        if isinstance(event, SessionCreated):
            return Subject(event.session_id, event.user_id) if event.encrypted else None
        if isinstance(event, SessionErased):
            return None
    return Subject(session.id, session.user_id) if session and session.encrypted else None


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
            encrypted=event.encrypted,
        )
    if isinstance(event, SessionErased | Erased):
        session_id = event.session_id if isinstance(event, SessionErased) else parse_stream_name(event.stream_name)
        return _blank(session, recorded, session_id)
    assert session is not None, "a session's first event creates it"
    if session.status == ERASED:
        # What came of it is gone.
        return _blank(session, recorded, session.id)
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


def _blank(session: Session | None, recorded: Recorded[Event], session_id: str) -> Session:
    """An erased session: the same whether what came before could still be read when it was folded, or not."""
    return Session(
        stream_id=recorded.stream_id,
        id=session_id,
        status=ERASED,
        version=recorded.version,
        position=recorded.position,
        user_id=None,
        data={},
        metadata={},
        outcome={},
        reason=None,
        created_at=session.created_at if session else recorded.recorded_at,
        updated_at=recorded.recorded_at,
        ended_at=recorded.recorded_at,
        encrypted=True,
    )


def fold(session: Session | None, events: Iterable[Recorded[Event]]) -> Session | None:
    """All of them, in order."""
    for recorded in events:
        session = evolve(session, recorded)
    return session
