"""Results of calls about contexts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET, field

from contextline.types.base import Result
from contextline.types.conflicts import Conflict, OpenConflict, Resolution


class Stored(Result, frozen=True, kw_only=True):
    """A context was stored; `created` tells whether it is new, else it replaced what was there."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    created: bool
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None


class Updated(Result, frozen=True, kw_only=True):
    """A context was changed; `version` is its new one."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    updated_at: datetime
    expires_at: datetime | None = None


class Deleted(Result, frozen=True, kw_only=True):
    """A context was deleted; its history stays. The deletion is itself a version."""

    key: str
    namespace: str
    deleted: bool = True
    version: int
    position: int


class RolledBack(Result, frozen=True, kw_only=True):
    """A context is again as it was at `to_version`; that made a new version."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    to_version: int


class Context(Result, frozen=True, kw_only=True):
    """A context at one version.

    `data` is UNSET in lists that were not asked for it. `ttl` is in seconds from the last change, None for ever.
    `checkpoints` tells the version that each name marks, `conflicts` what waits for a person; lists leave both out.
    """

    id: str
    key: str
    namespace: str
    data: Any = UNSET
    version: int
    position: int
    session_id: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    type: str
    tags: list[str] = []
    priority: int
    importance: float
    features: list[str] = []
    permissions: list[str] = []
    environment: str
    document_version: str
    ttl: int | None = None
    metadata: dict[str, Any] = {}
    encrypted: bool = False
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    access_count: int | None = None
    last_accessed_at: datetime | None = None
    checkpoints: dict[str, int] = {}
    conflicts: list[OpenConflict] = []


class HistoryEntry(Result, frozen=True, kw_only=True):
    """One change of a context: what, when, by whom, why.

    `diff` holds the operations (RFC 6902) that lead from the data before to the data after; `attributes` what else the
    change set, by their names on the wire; `resolutions` the conflicts that it settled, `conflicts` those it opened.
    """

    version: int
    position: int
    at: datetime
    event: str
    actor: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    causation_id: str | None = None
    correlation_id: str | None = None
    action: str | None = None
    reason: str | None = None
    metadata: dict[str, Any] = {}
    change_type: str | None = None
    checkpoint: str | None = None
    to_version: int | None = None
    diff: list[dict[str, Any]] = []
    attributes: dict[str, Any] = {}
    resolutions: list[Resolution] = []
    conflicts: list[Conflict] = []
    erased: bool = False


class Version(Result, frozen=True, kw_only=True):
    """One version of a context, and what made it."""

    version: int
    position: int
    at: datetime
    event: str
    actor: str | None = None
    checkpoint: str | None = None
    erased: bool = False


class DiffResult(Result, frozen=True, kw_only=True):
    """What turns one version of a context into another.

    `diff` holds the operations (RFC 6902) on the data; `attributes` those that differ, by their names on the wire, as
    {"from": …, "to": …}.
    """

    from_version: int = field(name="from")
    to_version: int = field(name="to")
    diff: list[dict[str, Any]] = []
    attributes: dict[str, dict[str, Any]] = {}


class HistoryPage(Result, frozen=True, kw_only=True):
    """How servers answer: their cursor of a history may be a number. The client's is always text."""

    items: list[HistoryEntry]
    next_cursor: str | int | None = None
