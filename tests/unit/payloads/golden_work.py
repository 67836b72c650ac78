"""The golden events of sessions' lives and of tasks; see golden.py."""

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
from domain.tasks.events import (
    TaskCancelled,
    TaskChanges,
    TaskCompleted,
    TaskCreated,
    TaskDetails,
    TaskErased,
    TaskFailed,
    TaskRetried,
    TaskStarted,
    TaskUpdated,
)

_AT = datetime(2026, 12, 31, 23, 59, 59, 654321, tzinfo=UTC)
_PATCH = [{"op": "add", "path": "/list/-", "value": [1, 2.5, None]}, {"op": "remove", "path": "/a~1b"}]
_ALL = TaskDetails(
    type="edit",
    description="Fix the parser",
    parent_id="t-0",
    dependencies=("t-1", "t-2"),
    files=("src/é.py",),
    project="compiler",
    code_area="src",
    priority=-9,
    parameters={"lines": [1, 2.5, None]},
)
_PLAIN = TaskDetails(
    type="generic",
    description="",
    parent_id=None,
    dependencies=(),
    files=(),
    project=None,
    code_area=None,
    priority=5,
    parameters={},
)
_CHANGED = TaskChanges(
    type="test",
    description="",
    parent_id=None,
    dependencies=(),
    files=("a", "b"),
    project=None,
    code_area="lib",
    priority=5,
    parameters={},
)
_UNCHANGED = TaskChanges(
    type=UNSET,
    description=UNSET,
    parent_id=UNSET,
    dependencies=UNSET,
    files=UNSET,
    project=UNSET,
    code_area=UNSET,
    priority=UNSET,
    parameters=UNSET,
)

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
    "task-created": (
        TaskCreated(task_id="t-3", session_id="s-1", user_id="u-1", details=_ALL, encrypted=True),
        TaskCreated(task_id="t-4", session_id="s-1", user_id=None, details=_PLAIN, encrypted=False),
    ),
    "task-updated": (
        TaskUpdated(changes=_CHANGED, reason="the plan changed"),
        TaskUpdated(changes=_UNCHANGED, reason=None),
    ),
    "task-started": (TaskStarted(reason="next"), TaskStarted(reason=None)),
    "task-completed": (
        TaskCompleted(result={"lines": [1, 2**64 - 1]}, reason="done"),
        TaskCompleted(result=None, reason=None),
    ),
    "task-failed": (TaskFailed(error={"code": 7}, reason="it broke"), TaskFailed(error=None, reason=None)),
    "task-cancelled": (TaskCancelled(reason="not needed"), TaskCancelled(reason=None)),
    "task-retried": (TaskRetried(reason="once more"), TaskRetried(reason=None)),
    "task-erased": (
        TaskErased(task_id="t-3", reason="the user left", subject="user", keys=("0011223344556677",)),
        TaskErased(task_id="t-4", reason=None, subject="session", keys=()),
    ),
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
