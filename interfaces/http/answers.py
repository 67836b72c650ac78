"""Answers as the wire has them. The models document; what is sent is encoded from plain dicts, which is faster."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from fastapi import Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from application.access import Access
from domain.catalogue import NAMES
from domain.contexts.context import Context
from domain.contexts.events import Attributes
from domain.contexts.history import HistoryEntry, event_name, is_erased
from domain.contexts.identity import public_id
from domain.recorded import Event, Recorded
from domain.sessions.session import Session
from projections.current_state.v1.read import ContextRow

_encoder = msgspec.json.Encoder()


def answer(document: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(_encoder.encode(document), status, headers, "application/json")


def etag(version: int) -> dict[str, str]:
    """A version as an entity tag."""
    return {"ETag": f'"{version}"'}


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
    """A context with its data, its checkpoints, and how often it was read."""
    document = context_document(context)
    document["data"] = context.data
    document["checkpoints"] = context.checkpoints
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


def session_document(session: Session) -> dict[str, Any]:
    """A session."""
    return {
        "id": session.id,
        "status": session.status,
        "userId": session.user_id,
        "data": session.data,
        "metadata": session.metadata,
        "outcome": session.outcome,
        "reason": session.reason,
        "encrypted": session.encrypted,
        "version": session.version,
        "position": session.position,
        "createdAt": session.created_at,
        "updatedAt": session.updated_at,
        "endedAt": session.ended_at,
    }


class Answer(BaseModel):
    """The base of what the OpenAPI document says of answers."""

    model_config = ConfigDict(alias_generator=to_camel)


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


class SessionAnswer(Answer):
    """A session."""

    id: str
    status: str
    user_id: str | None
    data: dict[str, Any]
    metadata: dict[str, Any]
    outcome: dict[str, Any]
    reason: str | None
    encrypted: bool
    version: int
    position: int
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class SessionPage(Answer):
    """A page; `nextCursor` is null on the last."""

    items: list[SessionAnswer]
    next_cursor: str | None


class ProjectionItem(Answer):
    """One version of a read model: how far it is, and how far behind."""

    name: str
    version: int
    live: bool
    position: int
    lag: int
    lag_seconds: float
    looked_at: datetime
    error: str | None
    owner: str | None


class ProjectionsAnswer(Answer):
    """All read models, and where the log ends."""

    items: list[ProjectionItem]
    log_end: int


class HealthAnswer(Answer):
    """`status` is healthy, degraded (a read model is behind; reading by key and writing work) or unhealthy (503)."""

    status: str
    checks: dict[str, dict[str, Any]]


class Problem(Answer):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, str]] | None = None
