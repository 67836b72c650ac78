"""Commands on contexts, and the reads by key."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic.alias_generators import to_camel

from application.contexts import ContextRef
from domain.contexts.commands import DeleteContext, RollBackContext
from domain.errors import ContextNotFoundError, Fault, InvalidInputError
from domain.values import identical
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.contexts import (
    ChangedAnswer,
    ContextAnswer,
    DeletedAnswer,
    DiffAnswer,
    HistoryAnswer,
    RolledBackAnswer,
    StoredAnswer,
    VersionsAnswer,
    attributes_document,
    changed_document,
    full_context_document,
    history_document,
    version_document,
)
from interfaces.http.commands import namespace, origin, store_command, update_command, why
from interfaces.http.contract import told
from interfaces.http.models.contexts import (
    DeleteQuery,
    DiffQuery,
    GetQuery,
    HistoryQuery,
    KeyQuery,
    RollbackRequest,
    StoreRequest,
    UpdateRequest,
)
from interfaces.http.preconditions import conditional
from interfaces.http.problems import InvalidHeaderError, PreconditionFailedError
from interfaces.http.requests import (
    TENANT,
    context_ref,
    if_match,
    if_match_any,
    if_none_match,
    names_version,
    read_body,
    read_query,
    refuse_body,
    refuse_if_none_match,
    services,
)
from interfaces.http.routes.keyed import with_key
from interfaces.http.streaming import answer_in_pieces, looks_large

router = APIRouter(prefix="/api/context", tags=["contexts"])

_READ: dict[int, Any] = {200: ContextAnswer, 304: "Still the version that If-None-Match names"}

_STORED: dict[int, Any] = {200: StoredAnswer, 201: StoredAnswer}
_IF_MATCH = ("If-Match",)


@router.post("/store", **told(_STORED, body=StoreRequest, headers=("If-Match", "If-None-Match")))
async def store(request: Request) -> Response:
    """Store data under a key. Over a live context it replaces data and options, and answers 200."""
    wired, body = services(request), await read_body(request, StoreRequest)
    options = body.options
    if if_none_match(request) not in ("", "*"):
        raise InvalidHeaderError([Fault("If-None-Match", "store takes * alone; for a version there is If-Match")])
    command = store_command(
        body,
        wired.settings,
        if_match(request),
        only_if_absent=if_none_match(request) == "*",
        only_if_present=if_match_any(request),
    )
    ref = ContextRef(TENANT, options.namespace, body.key)
    try:
        context, created = await conditional(request, wired.contexts.store(ref, command, origin(options)))
    except ContextNotFoundError as error:
        raise PreconditionFailedError(str(error)) from error
    document = {**changed_document(context), "created": created, "createdAt": context.created_at}
    return answer(document, 201 if created else 200, etag(context.version))


@with_key(router, "GET", "get", answers=_READ, query=GetQuery, headers=("If-None-Match",))
async def get(request: Request) -> Response:
    """Read one context, strongly consistent; or a past state of it."""
    wired, query = services(request), read_query(request, GetQuery)
    ref = context_ref(request, query.key, query.namespace)
    asked = [name for name in ("version", "as_of", "as_of_position") if getattr(query, name) is not None]
    if len(asked) > 1:
        names = " and ".join(to_camel(name) for name in asked)
        raise InvalidInputError.at("", f"{names} name different states: give one")
    access = None
    if query.version is not None:
        context = await wired.contexts.get_version(ref, query.version, query.min_position)
    elif asked:
        context = await wired.contexts.get_as_of(ref, query.as_of, query.as_of_position, query.min_position)
    else:
        context, access = await wired.contexts.get(ref, query.min_position)
    if names_version(if_none_match(request), context.version):
        return Response(status_code=304, headers=etag(context.version))
    document, headers = full_context_document(context, access), etag(context.version)
    return answer_in_pieces(document, headers) if looks_large(context.data) else answer(document, headers=headers)


@with_key(router, "PUT", "update", answers={200: ChangedAnswer}, query=KeyQuery, body=UpdateRequest, headers=_IF_MATCH)
async def update(request: Request) -> Response:
    """Change a part of a context, or its options; options that are not named stay."""
    wired, query = services(request), read_query(request, KeyQuery)
    body = await read_body(request, UpdateRequest)
    options = body.options
    refuse_if_none_match(request)
    ref = context_ref(request, query.key, namespace(query, options))
    command = update_command(body, if_match(request))
    context = await conditional(request, wired.contexts.update(ref, command, origin(options)))
    return answer(changed_document(context), headers=etag(context.version))


@with_key(router, "DELETE", "delete", answers={200: DeletedAnswer}, query=DeleteQuery, headers=_IF_MATCH)
async def delete(request: Request) -> Response:
    """Delete a context. Its history stays, and storing under the key again goes on in it."""
    refuse_body(request)
    refuse_if_none_match(request)
    wired, query = services(request), read_query(request, DeleteQuery)
    ref = context_ref(request, query.key, query.namespace)
    command = DeleteContext(**why(query, if_match(request)))
    context = await conditional(request, wired.contexts.delete(ref, command, origin(query)))
    return answer(
        {
            "key": context.key,
            "namespace": context.namespace,
            "deleted": True,
            "version": context.version,
            "position": context.position,
        }
    )


@with_key(
    router,
    "POST",
    "rollback",
    answers={200: RolledBackAnswer},
    query=KeyQuery,
    body=RollbackRequest,
    headers=_IF_MATCH,
)
async def rollback(request: Request) -> Response:
    """Make data and options what they were at a version or checkpoint. That is a new version; none is lost."""
    wired, query = services(request), read_query(request, KeyQuery)
    body = await read_body(request, RollbackRequest)
    options = body.options
    refuse_if_none_match(request)
    ref = context_ref(request, query.key, namespace(query, options))
    to = body.version if body.checkpoint is None else body.checkpoint
    if to is None or (body.version is not None and body.checkpoint is not None):
        raise InvalidInputError.at("", "name one to go back to: a version or a checkpoint")
    command = RollBackContext(metadata=options.metadata, **why(options, if_match(request)))
    context, version = await conditional(request, wired.contexts.roll_back(ref, to, command, origin(options)))
    return answer({**changed_document(context), "toVersion": version}, headers=etag(context.version))


@with_key(router, "GET", "history", answers={200: HistoryAnswer}, query=HistoryQuery)
async def history(request: Request) -> Response:
    """Who changed what, when and why, with the diff of each change; also of a context that is gone."""
    wired, query = services(request), read_query(request, HistoryQuery)
    ref = context_ref(request, query.key, query.namespace)
    newest_first = query.order == "desc"
    found, more = await wired.contexts.history(
        ref,
        after=0 if newest_first else query.cursor or 0,
        before=query.cursor if newest_first else None,
        limit=query.limit,
        newest_first=newest_first,
    )
    cursor = str(found[-1].version) if more else None
    return answer({"items": [history_document(entry) for entry in found], "nextCursor": cursor})


@with_key(router, "GET", "versions", answers={200: VersionsAnswer}, query=KeyQuery)
async def versions(request: Request) -> Response:
    """All versions, with the names of checkpoints."""
    wired, query = services(request), read_query(request, KeyQuery)
    events, erased_through = await wired.contexts.versions(context_ref(request, query.key, query.namespace))
    return answer({"items": [version_document(event, erased_through) for event in events]})


@with_key(router, "GET", "diff", answers={200: DiffAnswer}, query=DiffQuery)
async def diff(request: Request) -> Response:
    """What turns one version into another, as JSON Patch (RFC 6902); either may be the older."""
    wired, query = services(request), read_query(request, DiffQuery)
    ref = context_ref(request, query.key, query.namespace)
    one, other, patch = await wired.contexts.diff(ref, query.from_, query.to)
    before, after = attributes_document(one.attributes), attributes_document(other.attributes)
    changed = {
        name: {"from": before[name], "to": value} for name, value in after.items() if not identical(before[name], value)
    }
    return answer({"from": query.from_, "to": query.to, "diff": patch, "attributes": changed})
