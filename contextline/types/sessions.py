"""Results of calls about sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contextline.types.base import Result


class BranchPoint(Result, frozen=True, kw_only=True):
    """A point in the history of a session: a position of the log, and its instant."""

    session_id: str
    position: int
    at: datetime


class Session(Result, frozen=True, kw_only=True):
    """A session: `status` is "active", "paused", "completed", "failed", "expired" or, in lists alone, "deleted".

    `outcome` and `reason` say how it ended. Without a command in it for `timeout` seconds (None: never) it expires, at
    `expires_at` unless another command comes; `last_active_at` is when the last one was, as far as it is known.
    """

    id: str
    status: str
    user_id: str | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    outcome: dict[str, Any] = {}
    reason: str | None = None
    encrypted: bool = False
    version: int
    position: int
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    timeout: int | None = None
    last_active_at: datetime | None = None
    expires_at: datetime | None = None
    branched_from: BranchPoint | None = None


class BranchedSession(Session, frozen=True, kw_only=True):
    """A session that was branched. `complete`: all copies are made; if not, they are being made."""

    complete: bool


class DeletedSession(Result, frozen=True, kw_only=True):
    """A session was deleted; its history stays, and its id is used up."""

    id: str
    deleted: bool = True
    version: int
    position: int
