"""The Context aggregate: what it is (state), what may be done (decide) and what an event makes of it (evolve).

Pure functions over immutable state. Time comes in as a parameter where something is decided, and with the recorded
event where it is folded.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET

from domain.contexts import commands
from domain.contexts.changes import plan_change
from domain.contexts.conflicts import OpenConflict
from domain.contexts.events import (
    Attributes,
    ConflictResolved,
    ConflictsOpened,
    ContextCreated,
    ContextDeleted,
    ContextErased,
    ContextEvent,
    ContextReplaced,
    ContextRolledBack,
    ContextSynchronized,
    ContextUpdated,
)
from domain.contexts.identity import parse_stream_name
from domain.contexts.opening import opened
from domain.contexts.patches import apply_patch, diff
from domain.erasure import Erased
from domain.errors import (
    AlreadyExistsError,
    ChangeDoesNotApplyError,
    ContextErasedError,
    ContextNotFoundError,
    InvalidInputError,
    VersionConflictError,
)
from domain.recorded import Event, Recorded
from domain.values import MAX_DOCUMENT, Json


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """A context at one version. `data` and `attributes` of a deleted one are what they were last.

    `erased_through` is the version of the last erasure: nothing up to there can be read; 0 where nothing was erased.
    `conflicts` are the open ones, by id, the one opened first before.
    """

    SHAPE: ClassVar[int] = 3
    """Raise it when the fields change: snapshots of another shape are ignored."""

    id: UUID
    namespace: str
    key: str
    version: int
    position: int
    data: Json
    attributes: Attributes
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    deleted: bool = False
    checkpoints: dict[str, int] = {}
    encrypted: bool = False
    erased_through: int = 0
    conflicts: dict[str, OpenConflict] = {}

    @property
    def erased(self) -> bool:
        """Whether nothing was stored since its erasure."""
        return self.erased_through == self.version

    def is_live(self, now: datetime) -> bool:
        """Whether it is there at that instant: neither deleted nor erased nor expired."""
        return not self.deleted and not self.erased and (self.expires_at is None or now < self.expires_at)


def current_version(context: Context | None) -> int:
    """The stream's version; 0 where nothing was ever stored."""
    return context.version if context else 0


def store(context: Context | None, command: commands.StoreContext, now: datetime) -> list[ContextEvent]:
    """Decide a store.

    Raises:
        AlreadyExistsError: it must be absent and is alive.
        ContextNotFoundError: it must be present and is not.
        VersionConflictError: the expected version is not the current one.
    """
    replaces = context is not None and context.is_live(now)
    if command.only_if_present:
        alive(context, now)
    if command.only_if_absent and replaces:
        raise AlreadyExistsError("a live context is stored under that key already", current_version(context))
    check_expected(context, command)
    what: dict[str, Any] = {
        "data": command.data,
        "attributes": command.attributes,
        "compress": command.compress,
        "encrypted": _encrypts(context, command),
        **why(command),
    }
    if replaces:
        return [ContextReplaced(**what)]
    return [ContextCreated(namespace=command.namespace, key=command.key, **what)]


def _encrypts(context: Context | None, command: commands.StoreContext) -> bool:
    """What was encrypted once is never stored in the clear but by a word that says so."""
    if command.encrypt is not None:
        return command.encrypt
    return command.encrypt_new or (context is not None and context.encrypted)


def update(context: Context | None, command: commands.UpdateContext, now: datetime) -> list[ContextEvent]:
    """Decide a partial change.

    Raises:
        ContextNotFoundError: there is no live context.
        VersionConflictError: the expected version is not the current one.
        InvalidInputError: the data can't be used for that change type.
        ChangeDoesNotApplyError: the change doesn't fit the data as they are.
    """
    context = alive(context, now)
    check_expected(context, command)
    patch: list[dict[str, Json]] = []
    if command.data is not UNSET:
        patch, changed = plan_change(command.change_type, context.data, command.data)
        if len(msgspec.json.encode(changed)) > MAX_DOCUMENT:
            raise ChangeDoesNotApplyError("", f"the document would be larger than {MAX_DOCUMENT} bytes of JSON")
    checkpoint = command.checkpoint
    if checkpoint is True:
        checkpoint = f"version-{context.version + 1}"
    return [
        ContextUpdated(
            change_type=None if command.data is UNSET else command.change_type,
            patch=patch,
            attributes=command.attributes,
            checkpoint=checkpoint or None,
            **why(command),
        )
    ]


def delete(context: Context | None, command: commands.DeleteContext, now: datetime) -> list[ContextEvent]:
    """Decide a deletion.

    Raises:
        ContextNotFoundError: there is no live context.
        VersionConflictError: the expected version is not the current one.
    """
    context = alive(context, now)
    check_expected(context, command)
    return [ContextDeleted(**why(command))]


def roll_back(
    context: Context | None, command: commands.RollBackContext, earlier: Context, now: datetime
) -> list[ContextEvent]:
    """Decide a rollback; `earlier` is the context at the version to go back to.

    Raises:
        ContextNotFoundError: there is no live context.
        VersionConflictError: the expected version is not the current one.
        InvalidInputError: that version is a deletion, so there is nothing to go back to.
    """
    context = alive(context, now)
    check_expected(context, command)
    if earlier.deleted:
        raise InvalidInputError.at("/version", f"version {earlier.version} is a deletion: choose an earlier one")
    return [
        ContextRolledBack(
            to_version=earlier.version,
            patch=diff(context.data, earlier.data),
            attributes=earlier.attributes,
            # The patch tells of both states.
            encrypted=context.encrypted or earlier.encrypted,
            **why(command),
        )
    ]


def alive(context: Context | None, now: datetime) -> Context:
    """The context, if it is there at that instant.

    Raises:
        ContextNotFoundError: it was never stored, was deleted, or has expired; the message tells which.
        ContextErasedError: it was erased.
    """
    if context is None:
        raise ContextNotFoundError("nothing was ever stored under that key")
    if context.erased:
        raise ContextErasedError(f"the context was erased (version {context.version}); store it again to go on")
    if context.deleted:
        raise ContextNotFoundError(f"the context was deleted (version {context.version}); store it again to go on")
    if not context.is_live(now):
        assert context.expires_at is not None
        raise ContextNotFoundError(f"the context expired at {context.expires_at.isoformat()}; store it again to go on")
    return context


def evolve(context: Context | None, recorded: Recorded[Event]) -> Context:
    """What an event makes of a context. The event alone decides: no clock, no randomness, no lookup."""
    event, at = recorded.event, recorded.recorded_at
    if isinstance(event, ContextCreated):
        return Context(
            id=recorded.stream_id,
            namespace=event.namespace,
            key=event.key,
            version=recorded.version,
            position=recorded.position,
            data=event.data,
            attributes=event.attributes,
            created_at=at,
            updated_at=at,
            expires_at=_expiry(event.attributes, at),
            checkpoints=_checkpoints(context, event.encrypted),
            encrypted=event.encrypted,
            erased_through=context.erased_through if context else 0,
        )
    if isinstance(event, ContextErased):
        return _blank(context, recorded, event.namespace, event.key)
    if isinstance(event, Erased):
        return _blank(None if begins(event) else context, recorded, *parse_stream_name(event.stream_name))
    assert context is not None, "a context's first event creates it"
    if context.erased:
        # It comes to life again by being created. Its keys are gone, and the log is about to tell it.
        return _blank(context, recorded, context.namespace, context.key)
    changes: dict[str, Any] = {"version": recorded.version, "position": recorded.position, "updated_at": at}
    match event:
        case ContextReplaced():
            changes |= {"data": event.data, "attributes": event.attributes, "encrypted": event.encrypted}
            changes["checkpoints"] = _checkpoints(context, event.encrypted)
            changes["conflicts"] = {}
        case ContextUpdated():
            if event.patch:
                changes["data"] = apply_patch(context.data, event.patch)
            if named := event.attributes.named():
                changes["attributes"] = msgspec.structs.replace(context.attributes, **named)
            if event.checkpoint:
                changes["checkpoints"] = {**context.checkpoints, event.checkpoint: recorded.version}
        case ContextRolledBack():
            changes |= {"data": apply_patch(context.data, event.patch), "attributes": event.attributes}
            changes["encrypted"] = event.encrypted
        case ContextSynchronized():
            changes["data"] = apply_patch(context.data, event.patch)
        case ConflictsOpened():
            changes["conflicts"] = context.conflicts | {new.id: new for new in opened(event, recorded)}
        case ConflictResolved():
            changes["data"] = apply_patch(context.data, event.patch)
            changes["conflicts"] = {
                name: conflict for name, conflict in context.conflicts.items() if name != event.conflict_id
            }
        case ContextDeleted():
            return msgspec.structs.replace(context, deleted=True, expires_at=None, conflicts={}, **changes)
    changes["expires_at"] = _expiry(changes.get("attributes", context.attributes), at)
    return msgspec.structs.replace(context, **changes)


def begins(event: Event) -> bool:
    """Whether a context comes to be by it; also when nothing but its name is left of the event."""
    return isinstance(event, ContextCreated) or (isinstance(event, Erased) and event.name == "context-created")


def _blank(context: Context | None, recorded: Recorded[Event], namespace: str, key: str) -> Context:
    """An erased context: the same whether what came before could still be read when it was folded, or not."""
    return Context(
        id=recorded.stream_id,
        namespace=namespace,
        key=key,
        version=recorded.version,
        position=recorded.position,
        data=None,
        attributes=Attributes(),
        created_at=context.created_at if context else recorded.recorded_at,
        updated_at=recorded.recorded_at,
        expires_at=None,
        encrypted=True,
        erased_through=recorded.version,
    )


def _checkpoints(context: Context | None, encrypted: bool) -> dict[str, int]:
    """Those that a store keeps: names that were encrypted don't come to stand in the clear."""
    return {} if context is None or (context.encrypted and not encrypted) else context.checkpoints


def fold(context: Context | None, events: Iterable[Recorded[Event]]) -> Context | None:
    """All of them, in order."""
    for recorded in events:
        context = evolve(context, recorded)
    return context


def _expiry(attributes: Attributes, at: datetime) -> datetime | None:
    return None if attributes.ttl is None else at + timedelta(seconds=attributes.ttl)


def check_expected(context: Context | None, command: commands.Command) -> None:
    """Refuse what was based on another version.

    Raises:
        VersionConflictError: the expected version is not the current one.
    """
    if command.expected_version is not None and command.expected_version != current_version(context):
        raise VersionConflictError(command.expected_version, current_version(context))


def why(command: commands.Command) -> dict[str, Any]:
    """What every event tells of why it was made."""
    return {"action": command.action, "reason": command.reason, "metadata": command.metadata}
