"""What can be done with a session, each step decided on its state and on the moment."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from domain.contexts.changes import plan_change
from domain.contexts.patches import Operation
from domain.errors import AlreadyExistsError, ChangeDoesNotApplyError, NotDueError, VersionConflictError
from domain.sessions import lifecycle
from domain.sessions.commands import (
    Command,
    CreateSession,
    DeleteSession,
    EndSession,
    PauseSession,
    ResumeSession,
    UpdateSession,
)
from domain.sessions.events import (
    SessionCompleted,
    SessionCreated,
    SessionDeleted,
    SessionEvent,
    SessionExpired,
    SessionFailed,
    SessionPaused,
    SessionResumed,
    SessionUpdated,
)
from domain.sessions.lifecycle import COMPLETED, EXPIRED
from domain.sessions.session import Moment, Session, existing
from domain.values import MAX_DOCUMENT


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
            timeout=command.timeout,
        )
    ]


def update(session: Session | None, command: UpdateSession, moment: Moment) -> list[SessionEvent]:
    """Decide a change of what it holds.

    Raises:
        SessionNotFoundError, VersionConflictError, IllegalTransitionError: as for every step (`_step`).
        InvalidInputError, ChangeDoesNotApplyError: the data can't be changed so.
    """
    session = _step(session, command, lifecycle.UPDATE, moment)
    patch: list[Operation] = []
    if command.data is not UNSET:
        patch, changed = plan_change(command.change_type, session.data, command.data)
        if not isinstance(changed, dict):
            raise ChangeDoesNotApplyError("", "the data of a session must stay an object")
        if len(msgspec.json.encode(changed)) > MAX_DOCUMENT:
            raise ChangeDoesNotApplyError("", f"the data would be larger than {MAX_DOCUMENT} bytes of JSON")
    return [
        SessionUpdated(
            change_type=None if command.data is UNSET else command.change_type,
            patch=patch,
            metadata=command.metadata,
            timeout=command.timeout,
            reason=command.reason,
        )
    ]


def pause(session: Session | None, command: PauseSession, moment: Moment) -> list[SessionEvent]:
    """Decide a pause; refused as every step is (`_step`)."""
    _step(session, command, lifecycle.PAUSE, moment)
    return [SessionPaused(reason=command.reason)]


def resume(session: Session | None, command: ResumeSession, moment: Moment) -> list[SessionEvent]:
    """Decide that it goes on; refused as every step is (`_step`)."""
    _step(session, command, lifecycle.RESUME, moment)
    return [SessionResumed(reason=command.reason)]


def end(session: Session | None, command: EndSession, moment: Moment) -> list[SessionEvent]:
    """Decide the end; refused as every step is (`_step`)."""
    completes = command.status == COMPLETED
    _step(session, command, lifecycle.COMPLETE if completes else lifecycle.FAIL, moment)
    kind = SessionCompleted if completes else SessionFailed
    return [kind(outcome=command.outcome, reason=command.reason)]


def expire(session: Session | None, moment: Moment) -> list[SessionEvent]:
    """Decide to record that it has expired.

    Raises:
        SessionNotFoundError: there is none.
        IllegalTransitionError: it has ended already.
        NotDueError: there was a command in it since.
    """
    session = existing(session)
    lifecycle.check_step(session.id, session.status, lifecycle.EXPIRE)
    expires_at = session.expires_at(moment.last_active)
    if expires_at is None or moment.now < expires_at:
        raise NotDueError(f"session {session.id!r} has not expired: there was a command in it")
    return [SessionExpired(expired_at=expires_at)]


def delete(session: Session | None, command: DeleteSession, moment: Moment) -> list[SessionEvent]:
    """Decide a deletion; refused as every step is (`_step`). One that has expired unrecorded is told to have, first."""
    before = existing(session)
    seen = _step(session, command, lifecycle.DELETE, moment)
    expired = seen.status == EXPIRED and before.status != EXPIRED
    return [*(expire(before, moment) if expired else ()), SessionDeleted(reason=command.reason)]


def _step(session: Session | None, command: Command, step: str, moment: Moment) -> Session:
    """The session as it is at that moment, when it can take that step.

    Raises:
        SessionNotFoundError: there is no such session, or none any more.
        VersionConflictError: the expected version is not the current one.
        IllegalTransitionError: its status doesn't allow it; one whose time has passed has expired.
    """
    session = existing(session)
    if command.expected_version not in (None, session.version):
        assert command.expected_version is not None
        raise VersionConflictError(command.expected_version, session.version)
    session = session.at(moment)
    lifecycle.check_step(session.id, session.status, step)
    return session
