"""Answers about contexts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from application.access import Access
from domain.catalogue import NAMES
from domain.contexts.context import Context
from domain.contexts.events import Attributes
from domain.contexts.history import HistoryEntry, event_name, is_erased
from domain.contexts.identity import public_id
from domain.recorded import Event, Recorded
from interfaces.http.answers.base import Answer
from interfaces.http.answers.conflicts import (
    ConflictItem,
    OpenConflictItem,
    ResolutionItem,
    conflict_document,
    open_conflict_document,
    resolution_document,
)
from projections.current_state.v1.read import ContextRow


def attributes_document(attributes: Attributes) -> dict[str, Any]:
    """Attributes by their wire names."""
    return {
        "sessionId": attributes.session_id,
        "agentId": attributes.agent_id,
        "userId": attributes.user_id,
        "type": attributes.type,
        "tags": attributes.tags,
        "priority": attributes.priority,
        "importance": attributes.importance,
        "features": attributes.features,
        "permissions": attributes.permissions,
        "environment": attributes.environment,
        "documentVersion": attributes.document_version,
        "ttl": attributes.ttl,
        "metadata": attributes.metadata,
    }


def context_document(context: Context | ContextRow) -> dict[str, Any]:
    """A context without its data."""
    return {
        "id": public_id(context.id),
        "key": context.key,
        "namespace": context.namespace,
        "version": context.version,
        "position": context.position,
        **attributes_document(context.attributes),
        "encrypted": context.encrypted,
        "createdAt": context.created_at,
        "updatedAt": context.updated_at,
        "expiresAt": context.expires_at,
    }


def full_context_document(context: Context, access: Access | None = None) -> dict[str, Any]:
    """A context with its data, its checkpoints and open conflicts, and how often it was read."""
    document = context_document(context)
    document["data"] = context.data
    document["checkpoints"] = context.checkpoints
    document["conflicts"] = [open_conflict_document(conflict) for conflict in context.conflicts.values()]
    if access:
        document["accessCount"], document["lastAccessedAt"] = access
    return document


def changed_document(context: Context) -> dict[str, Any]:
    """What a command answers."""
    return {
        "id": public_id(context.id),
        "key": context.key,
        "namespace": context.namespace,
        "version": context.version,
        "position": context.position,
        "updatedAt": context.updated_at,
        "expiresAt": context.expires_at,
    }


def history_document(entry: HistoryEntry) -> dict[str, Any]:
    """One change."""
    wire_names = {name: to_camel(name) for name in entry.attributes}
    return {
        "version": entry.version,
        "position": entry.position,
        "at": entry.at,
        "event": entry.event,
        "actor": entry.origin.actor,
        "agentId": entry.origin.agent_id,
        "sessionId": entry.origin.session_id,
        "causationId": entry.origin.causation_id,
        "correlationId": entry.origin.correlation_id,
        "action": entry.action,
        "reason": entry.reason,
        "metadata": entry.metadata,
        "changeType": entry.change_type,
        "checkpoint": entry.checkpoint,
        "toVersion": entry.to_version,
        "diff": entry.diff,
        "attributes": {wire_names[name]: value for name, value in entry.attributes.items()},
        "resolutions": [resolution_document(resolution) for resolution in entry.resolutions],
        "conflicts": [conflict_document(conflict) for conflict in entry.conflicts],
        "erased": entry.erased,
    }


def version_document(recorded: Recorded[Event], erased_through: int) -> dict[str, Any]:
    """One version, told by the event that made it."""
    erased = is_erased(recorded, erased_through)
    return {
        "version": recorded.version,
        "position": recorded.position,
        "at": recorded.recorded_at,
        "event": event_name(recorded.event, NAMES),
        "actor": recorded.origin.actor,
        "checkpoint": None if erased else getattr(recorded.event, "checkpoint", None),
        "erased": erased,
    }


class ChangedAnswer(Answer):
    """A change was made and is durable."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    updated_at: datetime
    expires_at: datetime | None


class StoredAnswer(ChangedAnswer):
    """Stored: 201 where it is new, 200 where it replaced a live context."""

    created: bool
    created_at: datetime


class RolledBackAnswer(ChangedAnswer):
    """Rolled back, as a new version."""

    to_version: int


class DeletedAnswer(Answer):
    """Deleted; the history stays."""

    key: str
    namespace: str
    deleted: bool
    version: int
    position: int


class ListedContext(Answer):
    """A context; `data` where it was asked for."""

    id: str
    key: str
    namespace: str
    version: int
    position: int
    session_id: str | None
    agent_id: str | None
    user_id: str | None
    type: str
    tags: list[str]
    priority: int
    importance: float
    features: list[str]
    permissions: list[str]
    environment: str
    document_version: str
    ttl: int | None
    metadata: dict[str, Any]
    encrypted: bool
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    access_count: int | None = None
    last_accessed_at: datetime | None = None
    data: Any = None


class ContextAnswer(ListedContext):
    """A context; how often it was read (approximate, this read counted) is told of the current state alone."""

    checkpoints: dict[str, int]
    conflicts: list[OpenConflictItem]


class ContextPage(Answer):
    """A page; `nextCursor` is null on the last."""

    items: list[ListedContext]
    next_cursor: str | None


class HistoryItem(Answer):
    """One change: `diff` is RFC 6902, of the data against the version before."""

    version: int
    position: int
    at: datetime
    event: str
    actor: str | None
    agent_id: str | None
    session_id: str | None
    causation_id: str | None
    correlation_id: str | None
    action: str | None
    reason: str | None
    metadata: dict[str, Any]
    change_type: str | None
    checkpoint: str | None
    to_version: int | None
    diff: list[dict[str, Any]]
    attributes: dict[str, Any]
    resolutions: list[ResolutionItem]
    conflicts: list[ConflictItem]
    erased: bool


class HistoryAnswer(Answer):
    """A page of changes."""

    items: list[HistoryItem]
    next_cursor: str | None


class VersionItem(Answer):
    """One version."""

    version: int
    position: int
    at: datetime
    event: str
    actor: str | None
    checkpoint: str | None
    erased: bool


class VersionsAnswer(Answer):
    """All versions."""

    items: list[VersionItem]


class DiffAnswer(Answer):
    """What turns the data of one version into another's, and the attributes that differ."""

    from_: int
    to: int
    diff: list[dict[str, Any]]
    attributes: dict[str, dict[str, Any]]

    model_config = ConfigDict(alias_generator=lambda name: to_camel(name.rstrip("_")))
