"""Answers about tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.tasks.task import Task
from interfaces.http.answers.base import Answer


def task_document(task: Task) -> dict[str, Any]:
    """A task."""
    details = task.details
    return {
        "id": task.id,
        "sessionId": task.session_id,
        "status": task.status,
        "type": details.type,
        "description": details.description,
        "parentId": details.parent_id,
        "dependencies": details.dependencies,
        "files": details.files,
        "project": details.project,
        "codeArea": details.code_area,
        "priority": details.priority,
        "parameters": details.parameters,
        "result": task.result,
        "error": task.error,
        "reason": task.reason,
        "retryCount": task.retry_count,
        "encrypted": task.encrypted,
        "version": task.version,
        "position": task.position,
        "createdAt": task.created_at,
        "updatedAt": task.updated_at,
        "startedAt": task.started_at,
        "completedAt": task.completed_at,
        "duration": task.duration,
    }


def tree_documents(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """Tasks in the order of their tree: each parent before its children, with its depth and the ids of these."""
    children: dict[str | None, list[Task]] = {}
    known = {task.id for task in tasks}
    for task in tasks:
        parent_id = task.details.parent_id
        children.setdefault(parent_id if parent_id in known else None, []).append(task)
    documents = []
    waiting = [(task, 0) for task in reversed(children.get(None, ()))]
    while waiting:
        task, depth = waiting.pop()
        below = children.get(task.id, [])
        documents.append(task_document(task) | {"depth": depth, "children": [child.id for child in below]})
        waiting += [(child, depth + 1) for child in reversed(below)]
    return documents


class TaskAnswer(Answer):
    """A task; `completedAt`: when it was completed, failed or cancelled; `duration` in seconds."""

    id: str
    session_id: str
    status: str
    type: str
    description: str
    parent_id: str | None
    dependencies: list[str]
    files: list[str]
    project: str | None
    code_area: str | None
    priority: int
    parameters: dict[str, Any]
    result: Any
    error: Any
    reason: str | None
    retry_count: int
    encrypted: bool
    version: int
    position: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration: float | None


class TaskPage(Answer):
    """A page; `nextCursor` is null on the last."""

    items: list[TaskAnswer]
    next_cursor: str | None


class TreeTaskAnswer(TaskAnswer):
    """A task in its tree: `depth` is 0 at the top, `children` are ids."""

    depth: int
    children: list[str]


class TaskTreeAnswer(Answer):
    """The tasks of a session, each parent before its children; `complete` is false where there are more than 1,000."""

    items: list[TreeTaskAnswer]
    complete: bool
