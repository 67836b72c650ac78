"""Concurrent writers: bringing their states together, and deciding what they leave open."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response

from domain.contexts.commands import ResolveConflict, SynchronizeContext
from domain.contexts.conflicts import OpenConflict, opened_by
from domain.contexts.strategies import Policy, Rule
from domain.errors import Fault, InvalidInputError
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.conflicts import (
    ConflictPage,
    conflict_in,
    resolution_document,
    synchronized_document,
)
from interfaces.http.answers.contexts import changed_document
from interfaces.http.answers.synchronizing import ResolvedAnswer, SynchronizedAnswer
from interfaces.http.commands import namespace, origin, why
from interfaces.http.models.contexts import KeyQuery
from interfaces.http.models.synchronizing import ConflictsQuery, ResolveRequest, SyncOptions, SyncRequest
from interfaces.http.preconditions import conditional
from interfaces.http.problems import InvalidQueryError
from interfaces.http.requests import (
    context_ref,
    if_match,
    read_body,
    read_query,
    refuse_if_none_match,
    services,
)
from interfaces.http.routes.keyed import with_key
from interfaces.http.streaming import answer_in_pieces, looks_large

router = APIRouter(prefix="/api/context", tags=["contexts"])

_IF_MATCH = ("If-Match",)


@with_key(
    router, "POST", "sync", answers={200: SynchronizedAnswer}, query=KeyQuery, body=SyncRequest, headers=_IF_MATCH
)
async def sync(request: Request) -> Response:
    """Bring a submitted state together with what others changed since the version that it began from."""
    wired, query = services(request), read_query(request, KeyQuery)
    body = await read_body(request, SyncRequest)
    options = body.options
    refuse_if_none_match(request)
    ref = context_ref(request, query.key, namespace(query, options))
    command = SynchronizeContext(
        data=body.data,
        base_version=body.base_version,
        policy=_policy(options),
        metadata=options.metadata,
        **why(options, if_match(request)),
    )
    done = await conditional(request, wired.synchronizing.synchronize(ref, command, origin(options)))
    document, headers = changed_document(done.context) | synchronized_document(done), etag(done.context.version)
    return answer_in_pieces(document, headers) if looks_large(body.data) else answer(document, headers=headers)


@with_key(
    router, "POST", "resolve", answers={200: ResolvedAnswer}, query=KeyQuery, body=ResolveRequest, headers=_IF_MATCH
)
async def resolve(request: Request) -> Response:
    """Decide an open conflict: leave what stands there (ours), take theirs, or a given value."""
    wired, query = services(request), read_query(request, KeyQuery)
    body = await read_body(request, ResolveRequest)
    options = body.options
    refuse_if_none_match(request)
    ref = context_ref(request, query.key, namespace(query, options))
    if ("value" in body.model_fields_set) != (body.take == "value"):
        raise InvalidInputError.at("/value", "is needed with take value, and is given with no other")
    command = ResolveConflict(
        conflict_id=body.conflict_id,
        take=body.take,
        value=body.value if body.take == "value" else msgspec.UNSET,
        metadata=options.metadata,
        **why(options, if_match(request)),
    )
    context, resolution = await conditional(request, wired.synchronizing.resolve(ref, command, origin(options)))
    document = {
        **changed_document(context),
        "conflictId": body.conflict_id,
        "resolution": resolution_document(resolution),
        "openConflicts": len(context.conflicts),
    }
    return answer(document, headers=etag(context.version))


@with_key(router, "GET", "conflicts", answers={200: ConflictPage}, query=ConflictsQuery)
async def conflicts(request: Request) -> Response:
    """The open conflicts of a context, strongly consistent: what each side had, and what stands there now."""
    wired, query = services(request), read_query(request, ConflictsQuery)
    context = await wired.synchronizing.conflicts(context_ref(request, query.key, query.namespace))
    after = _place(query.cursor) if query.cursor is not None else (0, "")
    found = sorted((_order(conflict), conflict) for conflict in context.conflicts.values() if _order(conflict) > after)
    page = [conflict for _, conflict in found[: query.limit]]
    cursor = page[-1].id if len(found) > len(page) else None
    document = {
        "items": [conflict_in(context, conflict) for conflict in page],
        "nextCursor": cursor,
        "version": context.version,
    }
    # Each may hold values as large as documents.
    return answer_in_pieces(document, etag(context.version))


def _policy(options: SyncOptions) -> Policy:
    return Policy(
        strategy=options.strategy,
        rules=tuple(Rule(pointer=rule.pointer, take=rule.take) for rule in options.rules),
        critical=tuple(options.critical),
    )


def _order(conflict: OpenConflict) -> tuple[int, str]:
    return conflict.version, conflict.id


def _place(cursor: str) -> tuple[int, str]:
    """Also of one that was resolved since: the page goes on after where it stood."""
    version = opened_by(cursor)
    if version is None:
        raise InvalidQueryError([Fault("cursor", "is not a cursor of this list: use nextCursor of its last page")])
    return version, cursor
