"""The Session aggregate: state and folding, as pure functions; `steps.py` decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET

from domain.contexts.identity import name_fault
from domain.contexts.patches import apply_patch
from domain.erasure import Erased, Subject
from domain.errors import (
    InvalidInputError,
    SessionErasedError,
    SessionNotFoundError,
)
from domain.recorded import Event, Recorded
from domain.sessions.events import (
    BranchPoint,
    SessionCompleted,
    SessionCreated,
    SessionDeleted,
    SessionErased,
    SessionExpired,
    SessionFailed,
    SessionPaused,
    SessionResumed,
    SessionUpdated,
)
from domain.sessions.lifecycle import ACTIVE, COMPLETED, DELETED, ERASED, EXPIRED, FAILED, LIVE, PAUSED

MAX_ID_LENGTH = 256
"""Of a session id, in Unicode code points."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one version."""

    SHAPE: ClassVar[int] = 4
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
    timeout: int | None = None
    branched_from: BranchPoint | None = None

    def last_active(self, known: datetime | None = None) -> datetime:
        """Its last command, of those of its own and one that is known from elsewhere. After its end none count."""
        if self.status in LIVE:
            return max(self.updated_at, known or self.updated_at)
        ended_at = self.ended_at or self.updated_at
        return ended_at - timedelta(seconds=self.timeout) if self.status == EXPIRED and self.timeout else ended_at

    def expires_at(self, last_active: datetime | None = None) -> datetime | None:
        """When it expires unless another command comes; None: never, or it has ended."""
        if self.timeout is None or self.status not in LIVE:
            return None
        return self.last_active(last_active) + timedelta(seconds=self.timeout)

    def at(self, moment: Moment) -> Session:
        """As it is at that moment: expired when its time has passed, whether that is recorded by then or not."""
        expires_at = self.expires_at(moment.last_active)
        if expires_at is None or moment.now < expires_at:
            return self
        return msgspec.structs.replace(self, status=EXPIRED, ended_at=expires_at)


class Moment(NamedTuple):
    """When something is decided, and the last command in the session that is known of; None: its own alone."""

    now: datetime
    last_active: datetime | None = None


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


def existing(session: Session | None) -> Session:
    """The session, if there is one.

    Raises:
        SessionNotFoundError: there is none, or it was deleted.
        SessionErasedError: it was erased.
    """
    if session is None:
        raise SessionNotFoundError("there is no session with that id")
    if session.status == ERASED:
        raise SessionErasedError(f"the session was erased (version {session.version})")
    if session.status == DELETED:
        raise SessionNotFoundError(f"the session was deleted (version {session.version}); an id is used once")
    return session


def session_of(session: Session | None, events: Sequence[Event]) -> str | None:
    """Its own id: a command on a session is a command in it."""
    if session is not None:
        return session.id
    return next((event.session_id for event in events if isinstance(event, SessionCreated)), None)


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
            timeout=event.timeout,
            branched_from=event.branched_from,
        )
    if isinstance(event, SessionErased | Erased):
        session_id = event.session_id if isinstance(event, SessionErased) else parse_stream_name(event.stream_name)
        return _blank(session, recorded, session_id)
    assert session is not None, "a session's first event creates it"
    if session.status == ERASED:
        # What came of it is gone.
        return _blank(session, recorded, session.id)
    changes: dict[str, Any] = {"version": recorded.version, "position": recorded.position, "updated_at": at}
    match event:
        case SessionUpdated():
            if event.patch:
                changes["data"] = apply_patch(session.data, event.patch)
            if event.metadata is not UNSET:
                changes["metadata"] = event.metadata
            if event.timeout is not UNSET:
                changes["timeout"] = event.timeout
        case SessionPaused():
            changes |= {"status": PAUSED, "reason": event.reason}
        case SessionResumed():
            changes |= {"status": ACTIVE, "reason": event.reason}
        case SessionCompleted() | SessionFailed():
            status = COMPLETED if isinstance(event, SessionCompleted) else FAILED
            changes |= {"status": status, "outcome": event.outcome, "reason": event.reason, "ended_at": at}
        case SessionExpired():
            changes |= {"status": EXPIRED, "reason": None, "ended_at": event.expired_at}
        case SessionDeleted():
            # Of what was deleted no state keeps the contents: a read model or a snapshot has no use for them.
            changes |= {"status": DELETED, "data": {}, "metadata": {}, "outcome": {}, "reason": event.reason}
            changes["ended_at"] = session.ended_at or at
    return msgspec.structs.replace(session, **changes)


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
