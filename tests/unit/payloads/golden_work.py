"""The golden events of sessions' lives; see golden.py."""

from datetime import UTC, datetime

from msgspec import UNSET

from domain.recorded import Event
from domain.sessions.events import (
    SessionCreated,
    SessionDeleted,
    SessionExpired,
    SessionPaused,
    SessionResumed,
    SessionUpdated,
)

_AT = datetime(2026, 12, 31, 23, 59, 59, 654321, tzinfo=UTC)
_PATCH = [{"op": "add", "path": "/list/-", "value": [1, 2.5, None]}, {"op": "remove", "path": "/a~1b"}]

WORK: dict[str, tuple[Event, Event]] = {
    "session-updated": (
        SessionUpdated(
            change_type="jsonPatch", patch=_PATCH, metadata={"m": [1]}, timeout=7200, reason="the plan changed"
        ),
        SessionUpdated(change_type=None, patch=[], metadata=UNSET, timeout=UNSET, reason=None),
    ),
    "session-paused": (SessionPaused(reason="lunch"), SessionPaused(reason=None)),
    "session-resumed": (SessionResumed(reason="after lunch"), SessionResumed(reason=None)),
    "session-expired": (SessionExpired(expired_at=_AT), SessionExpired(expired_at=_AT.replace(microsecond=0))),
    "session-deleted": (SessionDeleted(reason="tidy"), SessionDeleted(reason=None)),
}

WORK_LATER: dict[str, tuple[str, Event]] = {
    "session-created.timeout": (
        "session-created",
        SessionCreated(
            session_id="s-1", user_id="u-1", data={"goal": "東京"}, metadata={"m": [1]}, encrypted=True, timeout=3600
        ),
    ),
    "session-updated.never": ("session-updated", SessionUpdated(timeout=None)),
}
