"""Errors as RFC 9457 problem documents: the one table that says which status each error has."""

from __future__ import annotations

import http
import logging
from typing import Any, ClassVar

import msgspec
import psycopg
from fastapi import FastAPI, Request, Response
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from domain import errors
from interfaces.http.strict_json import MalformedJsonError

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class PreconditionFailedError(errors.ContextlineError):
    """A header asked for a state that is not the current one."""

    code: ClassVar[str] = "precondition-failed"

    def __init__(self, message: str, current: int | None = None) -> None:
        self.current = current
        super().__init__(message)

    def details(self) -> dict[str, Any]:
        """The version of what is there, if anything is."""
        return {} if self.current is None else {"currentVersion": self.current}


class MalformedRequestError(errors.ContextlineError):
    """The request line or its query is not UTF-8."""

    code: ClassVar[str] = "malformed-request"


class InvalidQueryError(errors.InvalidInputError):
    """The query breaks a rule; its faults name parameters."""


class InvalidHeaderError(errors.InvalidInputError):
    """A header breaks a rule; its faults name headers."""


class UnsupportedMediaTypeError(errors.ContextlineError):
    """The body is not said to be JSON."""

    code: ClassVar[str] = "unsupported-media-type"


class RequestTooLargeError(errors.ContextlineError):
    """The body is larger than the server takes."""

    code: ClassVar[str] = "request-too-large"


class NotImplementedYetError(errors.ContextlineError):
    """Something that is planned and not there yet. It is refused, because ignoring it would break a promise."""

    code: ClassVar[str] = "not-implemented"


TABLE: list[tuple[type[errors.ContextlineError], int, str]] = [
    (MalformedJsonError, 400, "The body is not JSON"),
    (MalformedRequestError, 400, "The request can't be read"),
    (UnsupportedMediaTypeError, 415, "The body is not said to be JSON"),
    (RequestTooLargeError, 413, "The body is too large"),
    (errors.InvalidInputError, 422, "The input breaks a rule"),
    (errors.ContextErasedError, 410, "The context was erased"),
    (errors.SessionErasedError, 410, "The session was erased"),
    (errors.DecisionErasedError, 410, "The decision was erased"),
    (errors.PreferencesErasedError, 410, "The preferences were erased"),
    (errors.ContextNotFoundError, 404, "There is no such context"),
    (errors.VersionNotFoundError, 404, "There is no such version"),
    (errors.ConflictNotFoundError, 404, "There is no such conflict"),
    (errors.SessionNotFoundError, 404, "There is no such session"),
    (errors.TaskErasedError, 410, "The task was erased"),
    (errors.TaskNotFoundError, 404, "There is no such task"),
    (errors.DecisionNotFoundError, 404, "There is no such decision"),
    (errors.PreferenceNotFoundError, 404, "There is no such preference"),
    (errors.SourcesMissingError, 404, "There is nothing to merge there"),
    (errors.NotFoundError, 404, "There is no such thing"),
    (PreconditionFailedError, 412, "The precondition does not hold"),
    (errors.VersionConflictError, 409, "The version is not the current one"),
    (errors.AlreadyExistsError, 409, "It exists already"),
    (errors.StoredInTheClearError, 409, "It was stored in the clear"),
    (errors.ChangeDoesNotApplyError, 409, "The change does not apply"),
    (errors.AlreadyResolvedError, 409, "The conflict is not open any more"),
    (errors.TooManyConflictsError, 409, "Too many conflicts"),
    (errors.IllegalTransitionError, 409, "The status does not allow it"),
    (errors.SessionStatusError, 409, "The session's status does not allow it"),
    (errors.DependenciesNotMetError, 409, "What it depends on is not completed"),
    (errors.TaskCycleError, 409, "Tasks would go in a circle"),
    (errors.NotDueError, 409, "The session has not expired"),
    (errors.TooManyPreferencesError, 409, "There are too many preferences"),
    (errors.TargetsExistError, 409, "Live contexts are in the way"),
    (errors.MergeConflictError, 409, "Both sides changed the same places"),
    (errors.NoCommonAncestorError, 409, "There is no common ancestor"),
    (errors.AncestorErasedError, 409, "The common ancestor was erased"),
    (errors.PositionNotReachedError, 409, "The log does not have that position"),
    (errors.ConflictError, 409, "What is there does not allow it"),
    (errors.DatabaseUnavailableError, 503, "The database is away"),
    (errors.OutcomeUnknownError, 503, "The outcome is not known"),
    (errors.OverloadedError, 503, "Too much is waiting"),
    (errors.ReadModelBehindError, 503, "The read model is behind"),
    (errors.KeysUnavailableError, 503, "The keys can't be used"),
    (errors.UnavailableError, 503, "Unavailable"),
    (NotImplementedYetError, 501, "Not implemented yet"),
    (errors.EncryptionNotConfiguredError, 501, "Encryption is not configured"),
    (errors.DamagedEventError, 500, "A stored event is damaged"),
    (errors.UnknownEventError, 500, "The log is newer than the program"),
    (errors.ContextlineError, 500, "Internal error"),
]
"""The first row that fits is taken: special ones stand above general ones."""

_INTERNAL = ("internal-error", "Internal error", "something went wrong here; the server's log has the details")
"""Code, title and detail of what no one foresaw."""


def problem(
    status: int, code: str, title: str, detail: str, headers: dict[str, str] | None = None, **members: Any
) -> Response:
    """A problem document, as an answer."""
    document = _document(status, code, title, detail, **members)
    return Response(msgspec.json.encode(document), status, headers, MEDIA_TYPE)


def _document(status: int, code: str, title: str, detail: str, **members: Any) -> dict[str, Any]:
    return {
        "type": f"urn:contextline:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }


def problem_document(error: Exception, method: str = "POST") -> dict[str, Any]:
    """What the table says of an error, as a document. What no one foresaw is logged and told as that."""
    if isinstance(error, psycopg.OperationalError | PoolTimeout):
        error = _away(error)
    if not isinstance(error, errors.ContextlineError):
        _log.error("an operation failed", exc_info=error)
        return _document(500, *_INTERNAL)
    if isinstance(error, errors.BatchRefusedError):
        return _of_operation(error, method)
    status, title = next((status, title) for kind, status, title in TABLE if isinstance(error, kind))
    members = error.details()
    if isinstance(error, errors.InvalidInputError):
        members["errors"] = [_place(error, fault, method) | {"detail": fault.message} for fault in error.faults]
    if status == 500:
        _log.error("%s: %s", error.code, error)
    return _document(status, error.code, title, str(error), **members)


def _of_operation(error: errors.BatchRefusedError, method: str) -> dict[str, Any]:
    """The refusal of one of many: as it would be alone, with its place among them."""
    document, place = problem_document(error.refusal, method), f"/operations/{error.index}"
    if isinstance(error.refusal, errors.InvalidInputError):
        faults = [{**fault, "pointer": f"{place}{fault['pointer']}"} for fault in document["errors"]]
    else:
        faults = [{"pointer": place, "detail": document["detail"]}]
    return {**document, "detail": str(error), "index": error.index, "errors": faults}


def of_error(error: errors.ContextlineError, method: str = "POST") -> Response:
    """What the table says of an error. Without a body, what is at fault in a request is a parameter of its query."""
    document = problem_document(error, method)
    told = error.refusal if isinstance(error, errors.BatchRefusedError) else error
    headers = {"Retry-After": str(told.retry_after)} if isinstance(told, errors.UnavailableError) else None
    return Response(msgspec.json.encode(document), document["status"], headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make the application answer every error in this form."""
    app.add_exception_handler(errors.ContextlineError, _contextline_error)
    app.add_exception_handler(HTTPException, _http_error)
    for kind in (psycopg.OperationalError, PoolTimeout):
        app.add_exception_handler(kind, _database_error)
    app.add_exception_handler(Exception, _unexpected)


def _place(error: errors.InvalidInputError, fault: errors.Fault, method: str) -> dict[str, str]:
    if isinstance(error, InvalidHeaderError):
        return {"header": fault.pointer}
    if isinstance(error, InvalidQueryError):
        return {"parameter": fault.pointer}
    return {"parameter": fault.pointer.removeprefix("/")} if method in ("GET", "DELETE") else {"pointer": fault.pointer}


async def _contextline_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.ContextlineError)
    return of_error(error, request.method)


async def _database_error(_: Request, error: Exception) -> Response:
    return of_error(_away(error))


def _away(error: Exception) -> errors.DatabaseUnavailableError:
    _log.warning("the database is away: %s", error)
    return errors.DatabaseUnavailableError("the database can't be reached")


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = http.HTTPStatus(error.status_code).phrase
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, title.lower().replace(" ", "-"))
    detail = {404: "there is nothing at this path; GET /openapi.json tells what there is"}.get(
        error.status_code, str(error.detail)
    )
    return problem(error.status_code, code, title, detail, dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> Response:
    # The server logs the traceback: Starlette raises the error again after this answer.
    _log.error("%s %s failed: %r", request.method, request.url.path, error)
    return problem(500, *_INTERNAL)
