"""Commands on contexts, and the reads by key."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from application.contexts import ContextRef
from domain.contexts.commands import DeleteContext, RollBackContext, StoreContext, UpdateContext
from domain.contexts.events import AttributeChanges, Attributes
from domain.errors import AlreadyExistsError, ContextNotFoundError, InvalidInputError, VersionConflictError
from domain.recorded import Origin
from domain.values import identical
from interfaces.bootstrap import Services
from interfaces.http import models
from interfaces.http.answers import (
    ChangedAnswer,
    ContextAnswer,
    DeletedAnswer,
    DiffAnswer,
    HistoryAnswer,
    RolledBackAnswer,
    StoredAnswer,
    VersionsAnswer,
    answer,
    attributes_document,
    changed_document,
    etag,
    full_context_document,
    history_document,
    version_document,
)
from interfaces.http.problems import NotImplementedYetError, PreconditionFailedError
from interfaces.http.requests import (
    TENANT,
    StrictRoute,
    combine_expected,
    context_ref,
    if_match,
    if_match_any,
    if_none_match,
    names_version,
)

router = APIRouter(prefix="/api/context", tags=["contexts"], route_class=StrictRoute)

_ATTRIBUTES = tuple(field.name for field in msgspec.structs.fields(Attributes) if field.name != "metadata")

_READ: dict[int | str, dict[str, Any]] = {
    200: {"model": ContextAnswer},
    304: {"description": "Still the version that If-None-Match names"},
}

T = TypeVar("T")


def services(request: Request) -> Services:
    """The services of the application."""
    found: Services = request.app.state.services
    return found


Wired = Annotated[Services, Depends(services)]


@router.post("/store", responses={200: {"model": StoredAnswer}, 201: {"model": StoredAnswer}})
async def store(request: Request, body: models.StoreRequest, wired: Wired) -> Response:
    """Store data under a key. Over a live context it replaces data and options, and answers 200."""
    options = body.options
    if options.encrypt:
        raise NotImplementedYetError("encryption is not supported yet; nothing was stored")
    given = {name: getattr(options, name) for name in _ATTRIBUTES if name in options.model_fields_set}
    for name in ("tags", "features", "permissions"):
        if name in given:
            given[name] = tuple(given[name])
    given.setdefault("ttl", wired.settings.default_ttl)
    if if_none_match(request) not in ("", "*"):
        raise InvalidInputError.at("", "store takes If-None-Match: * alone; for a version there is If-Match")
    command = StoreContext(
        namespace=options.namespace,
        key=body.key,
        data=body.data,
        attributes=Attributes(**given, metadata=options.metadata),
        only_if_absent=if_none_match(request) == "*",
        only_if_present=if_match_any(request),
        compress=options.compress,
        **_why(request, options),
    )
    ref = ContextRef(TENANT, options.namespace, body.key)
    try:
        context, created = await _conditional(request, wired.contexts.store(ref, command, _origin(options)))
    except ContextNotFoundError as error:
        raise PreconditionFailedError(str(error)) from error
    document = {**changed_document(context), "created": created, "createdAt": context.created_at}
    return answer(document, 201 if created else 200, etag(context.version))


@router.get("/get", responses=_READ)
@router.get("/get/{path_key:whole}", responses=_READ)
async def get(
    request: Request, query: Annotated[models.GetQuery, Query()], wired: Wired, path_key: str | None = None
) -> Response:
    """Read one context, strongly consistent; or a past state of it."""
    ref = context_ref(path_key, query.key, query.namespace)
    asked = [name for name in ("version", "as_of", "as_of_position") if getattr(query, name) is not None]
    if len(asked) > 1:
        raise InvalidInputError.at("", f"{' and '.join(asked)} name different states: give one")
    access = None
    if query.version is not None:
        context = await wired.contexts.get_version(ref, query.version)
    elif asked:
        context = await wired.contexts.get_as_of(ref, query.as_of, query.as_of_position)
    else:
        context, access = await wired.contexts.get(ref, query.min_position)
    if names_version(if_none_match(request), context.version):
        return Response(status_code=304, headers=etag(context.version))
    return answer(full_context_document(context, access), headers=etag(context.version))


@router.put("/update", responses={200: {"model": ChangedAnswer}})
@router.put("/update/{path_key:whole}", responses={200: {"model": ChangedAnswer}})
async def update(
    request: Request,
    body: models.UpdateRequest,
    query: Annotated[models.KeyQuery, Query()],
    wired: Wired,
    path_key: str | None = None,
) -> Response:
    """Change a part of a context, or its options; options that are not named stay."""
    options = body.options
    ref = context_ref(path_key, query.key, _namespace(query, options))
    given = {name: getattr(options, name) for name in _ATTRIBUTES if name in options.model_fields_set}
    for name in ("tags", "features", "permissions"):
        if name in given:
            given[name] = tuple(given[name])
    if "context_metadata" in options.model_fields_set:
        given["metadata"] = options.context_metadata
    if "data" not in body.model_fields_set and not given and not options.checkpoint:
        raise InvalidInputError.at("/data", "nothing is to be changed: give data, an option to set, or a checkpoint")
    command = UpdateContext(
        data=body.data if "data" in body.model_fields_set else msgspec.UNSET,
        change_type=options.change_type,
        attributes=AttributeChanges(**given),
        checkpoint=options.checkpoint,
        metadata=options.metadata,
        **_why(request, options),
    )
    context = await _conditional(request, wired.contexts.update(ref, command, _origin(options)))
    return answer(changed_document(context), headers=etag(context.version))


@router.delete("/delete", responses={200: {"model": DeletedAnswer}})
@router.delete("/delete/{path_key:whole}", responses={200: {"model": DeletedAnswer}})
async def delete(
    request: Request, query: Annotated[models.DeleteQuery, Query()], wired: Wired, path_key: str | None = None
) -> Response:
    """Delete a context. Its history stays, and storing under the key again goes on in it."""
    ref = context_ref(path_key, query.key, query.namespace)
    command = DeleteContext(**_why(request, query))
    context = await _conditional(request, wired.contexts.delete(ref, command, _origin(query)))
    return answer(
        {
            "key": context.key,
            "namespace": context.namespace,
            "deleted": True,
            "version": context.version,
            "position": context.position,
        }
    )


@router.post("/rollback", responses={200: {"model": RolledBackAnswer}})
@router.post("/rollback/{path_key:whole}", responses={200: {"model": RolledBackAnswer}})
async def rollback(
    request: Request,
    body: models.RollbackRequest,
    query: Annotated[models.KeyQuery, Query()],
    wired: Wired,
    path_key: str | None = None,
) -> Response:
    """Make data and options what they were at a version or checkpoint. That is a new version; none is lost."""
    options = body.options
    ref = context_ref(path_key, query.key, _namespace(query, options))
    to = body.version if body.checkpoint is None else body.checkpoint
    if to is None or (body.version is not None and body.checkpoint is not None):
        raise InvalidInputError.at("", "name one to go back to: a version or a checkpoint")
    command = RollBackContext(to_version=0, metadata=options.metadata, **_why(request, options))
    context, version = await _conditional(request, wired.contexts.roll_back(ref, to, command, _origin(options)))
    return answer({**changed_document(context), "toVersion": version}, headers=etag(context.version))


@router.get("/history", responses={200: {"model": HistoryAnswer}})
@router.get("/history/{path_key:whole}", responses={200: {"model": HistoryAnswer}})
async def history(
    query: Annotated[models.HistoryQuery, Query()], wired: Wired, path_key: str | None = None
) -> Response:
    """Who changed what, when and why, with the diff of each change; also of a context that is gone."""
    ref = context_ref(path_key, query.key, query.namespace)
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


@router.get("/versions", responses={200: {"model": VersionsAnswer}})
@router.get("/versions/{path_key:whole}", responses={200: {"model": VersionsAnswer}})
async def versions(query: Annotated[models.KeyQuery, Query()], wired: Wired, path_key: str | None = None) -> Response:
    """All versions, with the names of checkpoints."""
    events, checkpoints = await wired.contexts.versions(context_ref(path_key, query.key, query.namespace))
    names = {version: name for name, version in checkpoints.items()}
    return answer({"items": [version_document(event, names.get(event.version)) for event in events]})


@router.get("/diff", responses={200: {"model": DiffAnswer}})
@router.get("/diff/{path_key:whole}", responses={200: {"model": DiffAnswer}})
async def diff(query: Annotated[models.DiffQuery, Query()], wired: Wired, path_key: str | None = None) -> Response:
    """What turns one version into another, as JSON Patch (RFC 6902); either may be the older."""
    ref = context_ref(path_key, query.key, query.namespace)
    one, other, patch = await wired.contexts.diff(ref, query.from_, query.to)
    before, after = attributes_document(one.attributes), attributes_document(other.attributes)
    changed = {
        name: {"from": before[name], "to": value} for name, value in after.items() if not identical(before[name], value)
    }
    return answer({"from": query.from_, "to": query.to, "diff": patch, "attributes": changed})


def _namespace(query: models.KeyQuery, options: models.ChangeOptions) -> str:
    if query.namespace and options.namespace and query.namespace != options.namespace:
        raise InvalidInputError.at("/options/namespace", "the query and the body name different namespaces")
    return query.namespace or options.namespace


def _why(request: Request, options: models.ChangeOptions | models.DeleteQuery) -> dict[str, Any]:
    return {
        "expected_version": combine_expected(if_match(request), options.expected_version),
        "action": options.action,
        "reason": options.reason,
    }


def _origin(options: models.ChangeOptions | models.DeleteQuery) -> Origin:
    return Origin(
        actor=options.changed_by,
        agent_id=getattr(options, "agent_id", None),
        session_id=getattr(options, "session_id", None),
        causation_id=options.causation_id,
        correlation_id=options.correlation_id,
    )


async def _conditional(request: Request, command: Awaitable[T]) -> T:
    """A refusal of what a header asked for is a failed precondition (412), not a conflict (409)."""
    try:
        return await command
    except AlreadyExistsError as error:
        raise PreconditionFailedError(str(error), error.current) from error
    except VersionConflictError as error:
        if if_match(request) is not None:
            raise PreconditionFailedError(str(error), error.current) from error
        raise
