"""Answers about sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.sessions.events import BranchPoint
from domain.sessions.session import Moment, Session
from interfaces.http.answers.base import Answer


def session_document(session: Session, moment: Moment | None = None) -> dict[str, Any]:
    """A session as it is at a moment; without one, as a command on it has just left it."""
    last_active = session.last_active(moment.last_active if moment else None)
    return {
        "id": session.id,
        "status": session.status,
        "userId": session.user_id,
        "data": session.data,
        "metadata": session.metadata,
        "outcome": session.outcome,
        "reason": session.reason,
        "encrypted": session.encrypted,
        "version": session.version,
        "position": session.position,
        "createdAt": session.created_at,
        "updatedAt": session.updated_at,
        "endedAt": session.ended_at,
        "timeout": session.timeout,
        "lastActiveAt": last_active,
        "expiresAt": session.expires_at(last_active),
        "branchedFrom": _branched_from(session.branched_from),
    }


def _branched_from(point: BranchPoint | None) -> dict[str, Any] | None:
    if point is None:
        return None
    return {"sessionId": point.session_id, "position": point.position, "at": point.at}


class BranchPointAnswer(Answer):
    """The session that it was branched from, and the point in its history: a position of the log, and its instant."""

    session_id: str
    position: int
    at: datetime


class SessionAnswer(Answer):
    """A session."""

    id: str
    status: str
    user_id: str | None
    data: dict[str, Any]
    metadata: dict[str, Any]
    outcome: dict[str, Any]
    reason: str | None
    encrypted: bool
    version: int
    position: int
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    timeout: int | None
    last_active_at: datetime
    expires_at: datetime | None
    branched_from: BranchPointAnswer | None


class BranchedSessionAnswer(SessionAnswer):
    """A session that was branched; `complete`: all copies are made. If not, they are being made."""

    complete: bool


class DeletedSessionAnswer(Answer):
    """A session was deleted."""

    id: str
    deleted: bool
    version: int
    position: int


class SessionPage(Answer):
    """A page; `nextCursor` is null on the last."""

    items: list[SessionAnswer]
    next_cursor: str | None
