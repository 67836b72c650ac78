"""Results of calls about checkpoints, forks, splits and merges."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET, field

from contextline.types.base import Result


class Checkpoint(Result, frozen=True, kw_only=True):
    """A name for a version. `kind` is "manual" or "automatic"; of automatic ones the newest few are kept."""

    id: str
    name: str
    kind: str
    description: str | None = None
    version: int
    at: datetime


class CheckpointCreated(Result, frozen=True, kw_only=True):
    """A checkpoint was made, as a version of its own."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    checkpoint: Checkpoint


class Restored(Result, frozen=True, kw_only=True):
    """A context is again as at a checkpoint, as a new version; `automatic` names a checkpoint of what was before."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    checkpoint: str
    to_version: int
    automatic: str


class ContextVersion(Result, frozen=True, kw_only=True):
    """A version of a context."""

    id: str
    key: str
    namespace: str
    version: int


class Forked(Result, frozen=True, kw_only=True):
    """A branch was begun; `parent` is what it was forked from."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    parent: ContextVersion


class SplitPart(Result, frozen=True, kw_only=True):
    """A context that the part at `pointer` became."""

    pointer: str
    id: str
    key: str
    namespace: str
    version: int
    position: int
    updated_at: datetime
    expires_at: datetime | None = None


class SplitDone(Result, frozen=True, kw_only=True):
    """A context was split: its new version, and what its parts became. `position` covers them too."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    targets: list[SplitPart]


class MissingSource(Result, frozen=True, kw_only=True):
    """A source of a merge that was not there and was left out."""

    key: str
    namespace: str
    version: int | None = None


class MergeConflict(Result, frozen=True, kw_only=True):
    """A place that both sides of a merge changed differently; UNSET where nothing was.

    `taken` is "ours", "theirs", or "open" where a person is to decide; `source` tells whose `theirs` are.
    """

    pointer: str
    base: Any = UNSET
    ours: Any = UNSET
    theirs: Any = UNSET
    source: dict[str, Any] = field(default_factory=dict)
    taken: str


class Merged(Result, frozen=True, kw_only=True):
    """Contexts were merged; `created` tells whether the target is new, else `automatic` marks what it was before.

    `bases` are the ancestors that a three-way merge compared with. At most 100 `conflicts` are told.
    """

    id: str
    key: str
    namespace: str
    version: int
    position: int
    created: bool
    strategy: str
    sources: list[ContextVersion]
    bases: list[ContextVersion] = []
    missing: list[MissingSource] = []
    conflicts: list[MergeConflict] = []
    conflict_count: int = 0
    automatic: str | None = None
