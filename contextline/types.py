"""What the client's methods return. Fields that this version does not know are ignored, so newer servers work too.

Times are aware datetimes in UTC. `position` is the place in the store's one log of changes: it only ever grows, and a
list that is asked for with `min_position` has seen everything up to there. Printed results leave out what is empty.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import UNSET, Struct, field

Item = TypeVar("Item")


class Result(Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """The base of all results."""


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


class ErasedContext(Result, frozen=True, kw_only=True):
    """A context was erased. The versions in `clear_versions` (ranges, both ends included) could not be.

    They were stored in the clear: no read shows them any more, but they stay in the log and in its backups.
    """

    id: str
    key: str
    namespace: str
    erased: bool = True
    version: int
    position: int
    clear_versions: list[tuple[int, int]] = []


class LeftContext(Result, frozen=True, kw_only=True):
    """A context that could not be erased, because it was stored in the clear: some versions, or all (None)."""

    namespace: str
    key: str
    versions: list[tuple[int, int]] | None = None


class LeftSession(Result, frozen=True, kw_only=True):
    """A session that could not be erased, because it was stored in the clear: some versions, or all (None)."""

    id: str
    versions: list[tuple[int, int]] | None = None


class ErasedAll(Result, frozen=True, kw_only=True):
    """How much of a session or of a user was erased; and how much could not be, with the names of the first 1,000."""

    erased_contexts: int
    erased_sessions: int
    position: int
    clear_total: int = 0
    clear_contexts: list[LeftContext] = []
    clear_sessions: list[LeftSession] = []


class Context(Result, frozen=True, kw_only=True):
    """A context at one version.

    `data` is UNSET in lists that were not asked for it. `ttl` is in seconds from the last change, None for ever.
    `checkpoints` tells the version that each name marks.
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


class HistoryEntry(Result, frozen=True, kw_only=True):
    """One change of a context: what, when, by whom, why.

    `diff` holds the operations (RFC 6902) that lead from the data before to the data after; `attributes` what else the
    change set, by their names on the wire.
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


class Session(Result, frozen=True, kw_only=True):
    """A session: `status` is "active", "completed" or "failed"; `outcome` and `reason` say how it ended."""

    id: str
    status: str
    user_id: str | None = None
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    outcome: dict[str, Any] = {}
    reason: str | None = None
    encrypted: bool = False
    version: int
    position: int
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None


class ProjectionStatus(Result, frozen=True, kw_only=True):
    """How far a read model is: `lag` in changes, `lag_seconds` the age of the oldest change that it lacks."""

    name: str
    version: int
    live: bool
    position: int
    lag: int
    lag_seconds: float
    looked_at: datetime | None = None
    error: str | None = None
    owner: str | None = None


class HealthReport(Result, frozen=True, kw_only=True):
    """Whether the server is "healthy", and each of its checks."""

    status: str
    checks: dict[str, Any] = {}


class Page(Result, Generic[Item], frozen=True, kw_only=True):
    """Some of many; `next_cursor` leads to the next page, None on the last one."""

    items: list[Item]
    next_cursor: str | None = None


class HistoryPage(Result, frozen=True, kw_only=True):
    """How servers answer: their cursor of a history may be a number. The client's is always text."""

    items: list[HistoryEntry]
    next_cursor: str | int | None = None
