"""What can be asked of a context. `expected_version` is the version that the asker knew; None asks no question."""

from __future__ import annotations

from typing import Any

import msgspec

from domain.contexts.changes import ChangeType
from domain.contexts.conflicts import Take
from domain.contexts.events import NO_CHANGES, AttributeChanges, Attributes
from domain.contexts.strategies import Policy
from domain.values import Json


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The base: which version it was based on, and why it is done."""

    expected_version: int | None = None
    action: str | None = None
    reason: str | None = None
    metadata: dict[str, Any] = {}


class StoreContext(Command, frozen=True, kw_only=True):
    """Store data under a key; over a live context it replaces data and attributes.

    `encrypt` None: as it was stored before; where it never was, as `encrypt_new` says.
    """

    namespace: str
    key: str
    data: Json
    attributes: Attributes
    only_if_absent: bool = False
    only_if_present: bool = False
    compress: bool = True
    encrypt: bool | None = None
    encrypt_new: bool = False


class UpdateContext(Command, frozen=True, kw_only=True):
    """Change a part. With `data` UNSET only attributes change. `checkpoint` True names itself after the version."""

    data: Json | msgspec.UnsetType = msgspec.UNSET
    change_type: ChangeType = "replace"
    attributes: AttributeChanges = NO_CHANGES
    checkpoint: bool | str = False


class DeleteContext(Command, frozen=True, kw_only=True):
    """Delete a context."""


class RollBackContext(Command, frozen=True, kw_only=True):
    """Make data and attributes what they were at an earlier version."""


class SynchronizeContext(Command, frozen=True, kw_only=True):
    """Bring a state together with what others changed since `base_version` (0: nothing was known)."""

    data: Json
    base_version: int
    policy: Policy = Policy()


class ResolveConflict(Command, frozen=True, kw_only=True):
    """Decide an open conflict: leave what stands there (ours), take theirs, or a value (UNSET: nothing)."""

    conflict_id: str
    take: Take
    value: Json | msgspec.UnsetType = msgspec.UNSET
