"""What can happen to a session. The names in EVENTS are what the log stores, for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from domain.contexts.patches import Operation
from domain.recorded import Event


class BranchPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A point in the history of a session: it counts what is up to `position`, and what lives there lives at `at`."""

    session_id: str
    position: int
    at: datetime


class SessionCreated(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A session began. `timeout`: the seconds without a command after which it expires; None: never.

    One that was `branched_from` another gets copies of the contexts and tasks that belonged to that one then: a policy
    makes them.
    """

    session_id: str
    user_id: str | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    encrypted: bool = False
    timeout: int | None = None
    branched_from: BranchPoint | None = None


class SessionUpdated(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What a session holds changed: `patch` (RFC 6902) is what was done to its data, however it was asked for.

    `change_type` is how; None where the data stayed. What is UNSET stayed too.
    """

    change_type: str | None = None
    patch: list[Operation] = []
    metadata: dict[str, Any] | UnsetType = UNSET
    timeout: int | None | UnsetType = UNSET
    reason: str | None = None


class SessionPaused(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Work in a session stopped for a while."""

    reason: str | None = None


class SessionResumed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Work in a paused session goes on."""

    reason: str | None = None


class SessionCompleted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A session reached its end; `outcome` is what came of it."""

    outcome: dict[str, Any] = {}
    reason: str | None = None


class SessionFailed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A session ended without reaching what it was for."""

    outcome: dict[str, Any] = {}
    reason: str | None = None


class SessionExpired(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A session had no command for as long as its timeout. It ended at `expired_at`; this was recorded later."""

    expired_at: datetime


class SessionDeleted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A session was deleted; its history stays, and its id is used up."""

    reason: str | None = None


class SessionErased(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The keys of a session's encrypted versions were destroyed. Always stored in the clear, reason included.

    `subject` tells what was erased: the session or its user. `keys` are the ids (hexadecimal) of the keys.
    """

    session_id: str
    reason: str | None = None
    subject: str = "session"
    keys: tuple[str, ...] = ()


SessionEvent = (
    SessionCreated
    | SessionUpdated
    | SessionPaused
    | SessionResumed
    | SessionCompleted
    | SessionFailed
    | SessionExpired
    | SessionDeleted
    | SessionErased
)

EVENTS: dict[str, type[Event]] = {
    "session-created": SessionCreated,
    "session-updated": SessionUpdated,
    "session-paused": SessionPaused,
    "session-resumed": SessionResumed,
    "session-completed": SessionCompleted,
    "session-failed": SessionFailed,
    "session-expired": SessionExpired,
    "session-deleted": SessionDeleted,
    "session-erased": SessionErased,
}
