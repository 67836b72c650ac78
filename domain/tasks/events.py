"""What can happen to a task. The names in EVENTS are what the log stores, for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from domain.recorded import Event
from domain.values import Json


class TaskDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a task is: `code_area` is a directory, `files` those that are involved; a higher priority comes first.

    `parent_id` and `dependencies` are tasks of the same session.
    """

    type: str = "generic"
    description: str = ""
    parent_id: str | None = None
    dependencies: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    project: str | None = None
    code_area: str | None = None
    priority: int = 5
    parameters: dict[str, Any] = {}


class TaskChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The details that an update names; those left UNSET stay as they are."""

    type: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    parent_id: str | None | UnsetType = UNSET
    dependencies: tuple[str, ...] | UnsetType = UNSET
    files: tuple[str, ...] | UnsetType = UNSET
    project: str | None | UnsetType = UNSET
    code_area: str | None | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET

    def named(self) -> dict[str, Any]:
        """Those that are set, by name."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}


class TaskCreated(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Something is to be done in a session, whose user is `user_id`."""

    task_id: str
    session_id: str
    user_id: str | None = None
    details: TaskDetails
    encrypted: bool = False


class TaskCopied(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A task came to be as a copy of another one, as that one was at `copied_version`, in a branch of its session.

    Its parent and its dependencies are copies, too: those in the session of the copy.
    """

    task_id: str
    session_id: str
    user_id: str | None = None
    copied_from: str
    copied_version: int
    details: TaskDetails
    status: str
    result: Json = None
    error: Json = None
    reason: str | None = None
    retry_count: int = 0
    started_at: datetime | None = None
    completed_at: datetime | None = None
    encrypted: bool = False


class TaskUpdated(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What a task is changed."""

    changes: TaskChanges
    reason: str | None = None


class TaskStarted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Work on a task began: all that it depends on was completed."""

    reason: str | None = None


class TaskCompleted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A task was done; `result` is what came of it."""

    result: Json = None
    reason: str | None = None


class TaskFailed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A task could not be done; `error` has the details."""

    error: Json = None
    reason: str | None = None


class TaskCancelled(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A task is not to be done any more."""

    reason: str | None = None


class TaskRetried(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A task that failed is to be done once more."""

    reason: str | None = None


class TaskErased(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The keys of an encrypted task were destroyed. Always stored in the clear, reason included.

    `subject` tells what was erased: its session or its user. `keys` are the ids (hexadecimal) of the keys.
    """

    task_id: str
    reason: str | None = None
    subject: str = "session"
    keys: tuple[str, ...] = ()


TaskEvent = (
    TaskCreated
    | TaskCopied
    | TaskUpdated
    | TaskStarted
    | TaskCompleted
    | TaskFailed
    | TaskCancelled
    | TaskRetried
    | TaskErased
)

EVENTS: dict[str, type[Event]] = {
    "task-created": TaskCreated,
    "task-copied": TaskCopied,
    "task-updated": TaskUpdated,
    "task-started": TaskStarted,
    "task-completed": TaskCompleted,
    "task-failed": TaskFailed,
    "task-cancelled": TaskCancelled,
    "task-retried": TaskRetried,
    "task-erased": TaskErased,
}
