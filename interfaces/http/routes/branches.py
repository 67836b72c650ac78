"""Contexts that come from others: forked, split off, merged."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from application.branches import VersionRef
from application.contexts import ContextRef
from domain.contexts.details import point_document
from domain.contexts.forking import ForkContext
from domain.contexts.merging import MergeContexts
from domain.contexts.splitting import SplitContext
from domain.errors import InvalidInputError
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.branches import ForkedAnswer, MergedAnswer, SplitAnswer, merged_document
from interfaces.http.answers.contexts import changed_document
from interfaces.http.commands import copying, namespace, origin
from interfaces.http.contract import told
from interfaces.http.models.branches import ForkRequest, MergeRequest, SplitRequest, TargetName
from interfaces.http.models.contexts import KeyQuery
from interfaces.http.preconditions import conditional
from interfaces.http.requests import (
    TENANT,
    context_ref,
    if_match,
    read_body,
    read_query,
    refuse_if_none_match,
    services,
)
from interfaces.http.routes.keyed import with_key

router = APIRouter(prefix="/api/context", tags=["branches"])

_IF_MATCH = ("If-Match",)


@with_key(
    router,
    "POST",
    "fork",
    answers={201: ForkedAnswer},
    query=KeyQuery,
    body=ForkRequest,
    headers=_IF_MATCH,
)
async def fork(request: Request) -> Response:
    """Begin a branch: a context with what another one is, or was at a version. Its own versions start at 1.

    If-Match and `expectedVersion` are about the one that is forked.
    """
    wired, query = services(request), read_query(request, KeyQuery)
    body = await read_body(request, ForkRequest)
    refuse_if_none_match(request)
    ref = context_ref(request, query.key, namespace(query, body.options))
    if body.version is not None and body.checkpoint is not None:
        raise InvalidInputError.at("", "name one to fork from: a version or a checkpoint")
    version = body.version
    if body.checkpoint is not None:
        version = await wired.checkpoints.version_of(ref, body.checkpoint)
    target = _named(body.target, ref.namespace)
    command = ForkContext(
        namespace=target.namespace, key=target.key, **copying(body.options, wired.settings, if_match(request))
    )
    forking = wired.branches.fork(VersionRef(ref, version), command, origin(body.options))
    context, parent = await conditional(request, forking)
    document = {
        **changed_document(context),
        "createdAt": context.created_at,
        "parent": point_document(parent),
    }
    return answer(document, 201, etag(context.version))


@with_key(
    router,
    "POST",
    "split",
    answers={201: SplitAnswer},
    query=KeyQuery,
    body=SplitRequest,
    headers=_IF_MATCH,
)
async def split(request: Request) -> Response:
    """Make contexts of parts of one, all or none; the parts stay in it unless they are to be taken out."""
    wired, query = services(request), read_query(request, KeyQuery)
    body = await read_body(request, SplitRequest)
    refuse_if_none_match(request)
    ref = context_ref(request, query.key, namespace(query, body.options))
    parts = [(target.pointer, _named(target, ref.namespace)) for target in body.targets]
    command = SplitContext(remove=body.remove_from_source, **copying(body.options, wired.settings, if_match(request)))
    done = await conditional(request, wired.branches.split(ref, parts, command, origin(body.options)))
    document = changed_document(done.source)
    document["position"] = max(context.position for context in (done.source, *done.targets))
    document["targets"] = [
        {"pointer": pointer, **changed_document(context)}
        for (pointer, _), context in zip(parts, done.targets, strict=True)
    ]
    return answer(document, 201, etag(done.source.version))


@router.post("/merge", **told({200: MergedAnswer, 201: MergedAnswer}, body=MergeRequest, headers=_IF_MATCH))
async def merge(request: Request) -> Response:
    """Merge contexts into a new one, or into a live one, which then comes first.

    If-Match and `expectedVersion` are about the target.
    """
    wired, body = services(request), await read_body(request, MergeRequest)
    refuse_if_none_match(request)
    if body.on_conflict is not None and body.strategy != "three_way":
        raise InvalidInputError.at("/onConflict", f"is for three_way alone: {body.strategy} decides every conflict")
    default = body.options.namespace
    sources = [VersionRef(_named(source, default), source.version) for source in body.sources]
    target = _named(body.target, default)
    command = MergeContexts(
        namespace=target.namespace,
        key=target.key,
        strategy=body.strategy,
        on_conflict=body.on_conflict or "refuse",
        **copying(body.options, wired.settings, if_match(request)),
    )
    merging = wired.branches.merge(sources, command, origin(body.options), ignore_missing=body.ignore_missing)
    merged = await conditional(request, merging)
    status = 201 if merged.created else 200
    return answer(merged_document(merged, body.strategy), status, etag(merged.context.version))


def _named(target: TargetName, namespace: str) -> ContextRef:
    return ContextRef(TENANT, namespace if target.namespace is None else target.namespace, target.key)
