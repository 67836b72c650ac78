"""What can happen to a session. The names in EVENTS are what the log stores, for ever."""

from __future__ import annotations

from typing import Any

from domain.recorded import Event


class SessionCreated(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An agent's or a user's session began."""

    session_id: str
    user_id: str | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    encrypted: bool = False


class SessionCompleted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A session reached its end; `outcome` is what came of it."""

    outcome: dict[str, Any] = {}
    reason: str | None = None


class SessionFailed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A session ended without reaching what it was for."""

    outcome: dict[str, Any] = {}
    reason: str | None = None


class SessionErased(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The keys of a session's encrypted versions were destroyed. Always stored in the clear, reason included.

    `subject` tells what was erased: the session or its user. `keys` are the ids (hexadecimal) of the keys.
    """

    session_id: str
    reason: str | None = None
    subject: str = "session"
    keys: tuple[str, ...] = ()


SessionEvent = SessionCreated | SessionCompleted | SessionFailed | SessionErased

EVENTS: dict[str, type[Event]] = {
    "session-created": SessionCreated,
    "session-completed": SessionCompleted,
    "session-failed": SessionFailed,
    "session-erased": SessionErased,
}
