"""Results of calls about tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contextline.types.base import Result


class Task(Result, frozen=True, kw_only=True):
    """A task: `status` is "pending", "in_progress", "completed", "failed" or "cancelled".

    `completed_at` is when it was completed, failed or cancelled; `duration` the seconds from its start to then; `error`
    what went wrong the last time.
    """

    id: str
    session_id: str
    status: str
    type: str = "generic"
    description: str = ""
    parent_id: str | None = None
    dependencies: list[str] = []
    files: list[str] = []
    project: str | None = None
    code_area: str | None = None
    priority: int = 5
    parameters: dict[str, Any] = {}
    result: Any = None
    error: Any = None
    reason: str | None = None
    retry_count: int = 0
    encrypted: bool = False
    version: int
    position: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration: float | None = None


class TreeTask(Task, frozen=True, kw_only=True):
    """A task in its tree: `depth` is 0 at the top, `children` are ids."""

    depth: int = 0
    children: list[str] = []


class TaskTree(Result, frozen=True, kw_only=True):
    """A session's tasks, each parent before its children; `complete` is False where there are more than 1,000."""

    items: list[TreeTask]
    complete: bool = True
