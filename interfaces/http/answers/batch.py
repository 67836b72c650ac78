"""Answers of batches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from application.batching import CarriedOut, Command
from domain.contexts.commands import DeleteContext, StoreContext
from interfaces.http.answers.base import Answer, Problem
from interfaces.http.answers.contexts import changed_document


def done_document(command: Command, done: CarriedOut) -> tuple[int, dict[str, Any]]:
    """What the operation's own call would answer, and its status."""
    document = changed_document(done.context)
    if isinstance(command, DeleteContext):
        return 200, {**document, "deleted": True}
    if isinstance(command, StoreContext):
        document |= {"created": done.created, "createdAt": done.context.created_at}
    return 201 if done.created else 200, document


class BatchResult(Answer):
    """What became of an operation: a status, and the answer of its own call or a problem document."""

    op: str | None
    key: str | None
    status: int
    problem: Problem | None = None
    id: str | None = None
    namespace: str | None = None
    version: int | None = None
    position: int | None = None
    created: bool | None = None
    deleted: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None


class BatchAnswer(Answer):
    """The results, in order. `position` is the highest of what was written; null where nothing was."""

    mode: str
    results: list[BatchResult]
    succeeded: int
    failed: int
    position: int | None
