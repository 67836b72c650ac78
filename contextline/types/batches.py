"""What a batch answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contextline.errors import ContextlineError, of_problem
from contextline.types.base import Result


class OperationResult(Result, frozen=True, kw_only=True):
    """What became of an operation: what its own call would answer, or the `problem` why nothing did."""

    op: str | None = None
    key: str | None = None
    status: int
    problem: dict[str, Any] | None = None
    id: str | None = None
    namespace: str | None = None
    version: int | None = None
    position: int | None = None
    created: bool | None = None
    deleted: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def error(self) -> ContextlineError | None:
        """The error that its own call would raise; None where it was done."""
        return None if self.problem is None else of_problem(self.problem)


class BatchResult(Result, frozen=True, kw_only=True):
    """The results in the order of the operations. `position` is the highest of what was written, None for nothing."""

    mode: str
    results: list[OperationResult]
    succeeded: int
    failed: int
    position: int | None = None

    @property
    def errors(self) -> dict[int, ContextlineError]:
        """The errors of the operations that were refused, by their index."""
        return {index: error for index, result in enumerate(self.results) if (error := result.error) is not None}
