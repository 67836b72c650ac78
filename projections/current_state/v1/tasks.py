"""The rows of tasks."""

from __future__ import annotations

from typing import Any

from domain.tasks import task as aggregate
from domain.tasks.events import EVENTS
from domain.tasks.lifecycle import ERASED
from domain.tasks.task import Task
from infrastructure.payloads.codec import Codec
from projections.current_state.v1.documents import DocumentTable


def task_table(codec: Codec) -> DocumentTable[Task]:
    """All tasks but erased ones."""
    return DocumentTable("task", Task, EVENTS.values(), aggregate.fold, _columns, codec)


def directory(path: str | None) -> str | None:
    """A directory as it is compared: without its last slash."""
    return None if path is None else path.rstrip("/")


def _columns(task: Task) -> dict[str, Any] | None:
    if task.status == ERASED:
        return None
    details = task.details
    return {
        "task_id": task.id,
        "session_id": task.session_id,
        "status": task.status,
        "type": details.type,
        "parent_id": details.parent_id,
        # What only the payload of an encrypted one has.
        "project": None if task.encrypted else details.project,
        "code_area": None if task.encrypted else directory(details.code_area),
        "files": [] if task.encrypted else list(details.files),
    }
