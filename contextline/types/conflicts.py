"""Results of calls about concurrent writers: what was in conflict, and how it was settled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET

from contextline.types.base import Result


class OpenConflict(Result, frozen=True, kw_only=True):
    """That a conflict waits for a person: at which place (JSON pointer), since which version, opened by whom."""

    id: str
    pointer: str
    version: int
    opened_at: datetime
    actor: str | None = None
    agent_id: str | None = None


class Conflict(OpenConflict, frozen=True, kw_only=True):
    """An open conflict: `base` is what both sides knew, `ours` what the context had, `theirs` what was submitted.

    `current` is what stands there now, where conflicts are listed. Each is UNSET where there was nothing.
    """

    base_version: int
    base: Any = UNSET
    ours: Any = UNSET
    theirs: Any = UNSET
    current: Any = UNSET


class Resolution(Result, frozen=True, kw_only=True):
    """A conflict that was settled: by which strategy, which side was taken (or a value), and what stands there then."""

    pointer: str
    strategy: str
    take: str
    base: Any = UNSET
    ours: Any = UNSET
    theirs: Any = UNSET
    result: Any = UNSET


class Synchronized(Result, frozen=True, kw_only=True):
    """A submitted state and the context together: go on with `data` and `version`.

    `changed` tells whether the context changed by it, `conflicts` are those that it opened, `open_conflicts` counts all
    that are open.
    """

    id: str
    key: str
    namespace: str
    version: int
    position: int
    updated_at: datetime
    expires_at: datetime | None = None
    changed: bool
    resolutions: list[Resolution] = []
    conflicts: list[Conflict] = []
    open_conflicts: int
    data: Any


class Resolved(Result, frozen=True, kw_only=True):
    """An open conflict was decided; that made a new version."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    updated_at: datetime
    expires_at: datetime | None = None
    conflict_id: str
    resolution: Resolution
    open_conflicts: int


class ConflictPage(Result, frozen=True, kw_only=True):
    """A page of a context's open conflicts, at `version`; `next_cursor` leads to the next one, None on the last."""

    items: list[Conflict]
    next_cursor: str | None = None
    version: int
