"""What can happen to a context.

The names in EVENTS are what the log stores, for ever; wire.md's names are the same. `action`, `reason` and `metadata`
tell why a change was made, in the words of whoever made it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from domain.contexts.conflicts import Conflict, Resolution
from domain.contexts.patches import Operation
from domain.recorded import Event
from domain.values import Json


class Attributes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a context has beside its data. `ttl` in seconds from the last change, None for ever; importance 0..1."""

    session_id: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    type: str = "generic"
    tags: tuple[str, ...] = ()
    priority: int = 0
    importance: float = 0.5
    features: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    environment: str = "development"
    document_version: str = "1.0.0"
    ttl: int | None = None
    metadata: dict[str, Any] = {}


class AttributeChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The attributes that an update names; those left UNSET stay as they are."""

    session_id: str | None | UnsetType = UNSET
    agent_id: str | None | UnsetType = UNSET
    user_id: str | None | UnsetType = UNSET
    type: str | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    importance: float | UnsetType = UNSET
    features: tuple[str, ...] | UnsetType = UNSET
    permissions: tuple[str, ...] | UnsetType = UNSET
    environment: str | UnsetType = UNSET
    document_version: str | UnsetType = UNSET
    ttl: int | None | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET

    def named(self) -> dict[str, Any]:
        """Those that are set, by name."""
        if self == NO_CHANGES:
            return {}
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}


NO_CHANGES = AttributeChanges()


class Change(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Why a change was made."""

    action: str | None = None
    reason: str | None = None
    metadata: dict[str, Any] = {}


class ContextCreated(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A context came to be under this key: for the first time, or anew after deletion, expiry or erasure."""

    namespace: str
    key: str
    data: Json
    attributes: Attributes
    compress: bool = True
    encrypted: bool = False


class ContextReplaced(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A live context was stored over: data and all attributes are new."""

    data: Json
    attributes: Attributes
    compress: bool = True
    encrypted: bool = False


class ContextUpdated(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a context changed: `patch` (RFC 6902) is what was done to the data, however it was asked for.

    `change_type` is how; None where only attributes changed. `checkpoint` marks the version that this event made, under
    that name.
    """

    change_type: str | None
    patch: list[Operation] = []
    attributes: AttributeChanges = NO_CHANGES
    checkpoint: str | None = None


class ContextRolledBack(Change, frozen=True, kw_only=True, omit_defaults=True):
    """Data and attributes are again as they were at `to_version`; the versions between stay in the history."""

    to_version: int
    patch: list[Operation] = []
    attributes: Attributes
    encrypted: bool = False


class ContextSynchronized(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A state that a writer submitted was brought together with what others had changed since `base_version`.

    `patch` is what changed by it. `resolutions` are the places that both sides had changed differently, and how each
    was settled, by which strategy. `base_version` 0: the writer knew nothing.
    """

    base_version: int = 0
    strategy: str = "auto"
    patch: list[Operation] = []
    resolutions: tuple[Resolution, ...] = ()


class ConflictsOpened(Change, frozen=True, kw_only=True, omit_defaults=True):
    """Places that both sides changed differently, and that a person is to decide on; until then ours stand.

    The id of each is derived from the version that this event makes and from its place (`conflict_id`).
    """

    base_version: int = 0
    conflicts: tuple[Conflict, ...]


class ConflictResolved(Change, frozen=True, kw_only=True, omit_defaults=True):
    """An open conflict was decided; `patch` is what changed by it."""

    conflict_id: str
    resolution: Resolution
    patch: list[Operation] = []


class ContextDeleted(Change, frozen=True, kw_only=True, omit_defaults=True):
    """A context was deleted; its history stays."""


class ContextErased(Change, frozen=True, kw_only=True, omit_defaults=True):
    """The keys of all encrypted versions before this one were destroyed. Always stored in the clear, reason included.

    `subject` tells what was erased: the context, its session or its user. `keys` are the ids (hexadecimal) of the keys.
    """

    namespace: str
    key: str
    subject: str = "context"
    keys: tuple[str, ...] = ()


ContextEvent = (
    ContextCreated
    | ContextReplaced
    | ContextUpdated
    | ContextRolledBack
    | ContextSynchronized
    | ConflictsOpened
    | ConflictResolved
    | ContextDeleted
    | ContextErased
)

EVENTS: dict[str, type[Event]] = {
    "context-created": ContextCreated,
    "context-replaced": ContextReplaced,
    "context-updated": ContextUpdated,
    "context-rolled-back": ContextRolledBack,
    "context-synchronized": ContextSynchronized,
    "conflict-opened": ConflictsOpened,
    "conflict-resolved": ConflictResolved,
    "context-deleted": ContextDeleted,
    "context-erased": ContextErased,
}
