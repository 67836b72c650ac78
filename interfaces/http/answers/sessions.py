"""Answers about sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.sessions.session import Session
from interfaces.http.answers.base import Answer


def session_document(session: Session) -> dict[str, Any]:
    """A session."""
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
    }


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


class SessionPage(Answer):
    """A page; `nextCursor` is null on the last."""

    items: list[SessionAnswer]
    next_cursor: str | None
