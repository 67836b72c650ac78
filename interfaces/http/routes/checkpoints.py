"""Checkpoints of contexts: made, listed, compared, restored."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from domain.contexts.checkpoints import CreateCheckpoint, RestoreCheckpoint
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.checkpoints import (
    CheckpointCreatedAnswer,
    CheckpointsAnswer,
    RestoredAnswer,
    checkpoint_document,
)
from interfaces.http.answers.contexts import DiffAnswer, changed_document, diff_document
from interfaces.http.commands import namespace, origin, why
from interfaces.http.models.checkpoints import (
    CheckpointsQuery,
    CompareQuery,
    CreateCheckpointRequest,
    RestoreRequest,
)
from interfaces.http.models.contexts import KeyQuery
from interfaces.http.preconditions import conditional
from interfaces.http.requests import context_ref, if_match, read_body, read_query, refuse_if_none_match, services
from interfaces.http.routes.keyed import with_key

router = APIRouter(prefix="/api/context", tags=["checkpoints"])

_IF_MATCH = ("If-Match",)


@with_key(
    router,
    "POST",
    "checkpoints",
    "create_checkpoint",
    answers={201: CheckpointCreatedAnswer},
    query=KeyQuery,
    body=CreateCheckpointRequest,
    headers=_IF_MATCH,
)
async def create(request: Request) -> Response:
    """Give what is there a name, to compare with it and to come back to it. A version of its own; data stay."""
    wired, query = services(request), read_query(request, KeyQuery)
    body = await read_body(request, CreateCheckpointRequest)
    refuse_if_none_match(request)
    ref = context_ref(request, query.key, namespace(query, body.options))
    command = CreateCheckpoint(
        name=body.name,
        description=body.description,
        metadata=body.options.metadata,
        **why(body.options, if_match(request)),
    )
    context, made = await conditional(request, wired.checkpoints.create(ref, command, origin(body.options)))
    document = {**changed_document(context), "checkpoint": checkpoint_document(context, made)}
    return answer(document, 201, etag(context.version))


@with_key(router, "GET", "checkpoints", answers={200: CheckpointsAnswer}, query=CheckpointsQuery)
async def listed(request: Request) -> Response:
    """The checkpoints of a context, by version and name; also of one that is gone."""
    wired, query = services(request), read_query(request, CheckpointsQuery)
    ref = context_ref(request, query.key, query.namespace)
    context, found, more = await wired.checkpoints.page(ref, after=query.after(), limit=query.limit)
    cursor = f"{found[-1].checkpoint.version}.{found[-1].name}" if more else None
    return answer({"items": [checkpoint_document(context, item) for item in found], "nextCursor": cursor})


@with_key(router, "GET", "compare", answers={200: DiffAnswer}, query=CompareQuery)
async def compare(request: Request) -> Response:
    """What turns a checkpoint into another one, or into what is there now, as JSON Patch (RFC 6902)."""
    wired, query = services(request), read_query(request, CompareQuery)
    ref = context_ref(request, query.key, query.namespace)
    return answer(diff_document(*await wired.checkpoints.compare(ref, query.checkpoint, query.with_)))


@with_key(
    router,
    "POST",
    "restore",
    answers={200: RestoredAnswer},
    query=KeyQuery,
    body=RestoreRequest,
    headers=_IF_MATCH,
)
async def restore(request: Request) -> Response:
    """Make data and options what they were at a checkpoint. What was there before is marked by an automatic one."""
    wired, query = services(request), read_query(request, KeyQuery)
    body = await read_body(request, RestoreRequest)
    refuse_if_none_match(request)
    ref = context_ref(request, query.key, namespace(query, body.options))
    command = RestoreCheckpoint(
        name=body.checkpoint, metadata=body.options.metadata, **why(body.options, if_match(request))
    )
    context, restored = await conditional(request, wired.checkpoints.restore(ref, command, origin(body.options)))
    document = {
        **changed_document(context),
        "checkpoint": restored.name,
        "toVersion": restored.to_version,
        "automatic": restored.automatic[0].name,
    }
    return answer(document, headers=etag(context.version))
