"""Commands on sessions, and the read of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from msgspec import UNSET

from domain.errors import InvalidInputError
from domain.recorded import Origin
from domain.sessions.commands import (
    CreateSession,
    DeleteSession,
    EndSession,
    PauseSession,
    ResumeSession,
    UpdateSession,
)
from domain.sessions.lifecycle import COMPLETED, FAILED
from domain.sessions.session import Session
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.sessions import DeletedSessionAnswer, SessionAnswer, session_document
from interfaces.http.contract import told
from interfaces.http.models.base import CommandRequest
from interfaces.http.models.sessions import (
    CreateSessionRequest,
    DeleteSessionQuery,
    EndSessionRequest,
    SessionQuery,
    StepRequest,
    UpdateSessionRequest,
)
from interfaces.http.preconditions import conditional
from interfaces.http.requests import (
    TENANT,
    combine_expected,
    if_match,
    one_of,
    read_body,
    read_query,
    refuse_body,
    refuse_if_none_match,
    services,
)

router = APIRouter(prefix="/api/sessions", tags=["sessions"])

R = Callable[[Request], Awaitable[Response]]


def _with_id(method: str, name: str, answers: dict[int, Any], **told_of: Any) -> Callable[[R], R]:
    """A route of two forms: the id in the query, or in the path."""

    def decorate(endpoint: R) -> R:
        query = {"query": SessionQuery} | told_of
        by_query = router.api_route(f"/{name}", methods=[method], **told(answers, **query))
        by_path = router.api_route(
            f"/{name}/{{path_id:whole}}",
            methods=[method],
            operation_id=f"{name}_session_by_path" if name in ("get", "update", "delete") else f"{name}_by_path",
            **told(answers, **told_of, path="path_id"),
        )
        return by_path(by_query(endpoint))

    return decorate


_STEP: dict[str, Any] = {"answers": {200: SessionAnswer}, "headers": ("If-Match",)}


@router.post("", **told({201: SessionAnswer}, body=CreateSessionRequest))
async def create(request: Request) -> Response:
    """Begin a session. Without an id one is made; an id can be used once."""
    wired, body = services(request), await read_body(request, CreateSessionRequest)
    session_id = body.id or wired.sessions.make_id()
    command = CreateSession(
        session_id=session_id,
        user_id=body.user_id,
        data=body.data,
        metadata=body.metadata,
        encrypt=wired.settings.encrypt_default if body.encrypt is None else body.encrypt,
        timeout=body.timeout if "timeout" in body.model_fields_set else wired.settings.session_timeout,
    )
    session = await wired.sessions.create(TENANT, command, _origin(session_id, body))
    return answer(session_document(session), 201, etag(session.version))


@_with_id("GET", "get", {200: SessionAnswer})
async def get(request: Request) -> Response:
    """Read one session, strongly consistent. One that had no command for as long as its timeout has expired."""
    session, moment = await services(request).sessions.see(TENANT, _id(request))
    return answer(session_document(session, moment), headers=etag(session.version))


@_with_id("PUT", "update", body=UpdateSessionRequest, **_STEP)
async def update(request: Request) -> Response:
    """Change the data of a session, by any change type, its metadata or its timeout; what is left out stays."""
    body = await read_body(request, UpdateSessionRequest)
    named = body.model_fields_set
    if not named & {"data", "metadata", "timeout"}:
        raise InvalidInputError.at("", "nothing is to be changed: give data, metadata or timeout")
    command = UpdateSession(
        data=body.data if "data" in named else UNSET,
        change_type=body.change_type,
        metadata=body.metadata if "metadata" in named else UNSET,
        timeout=body.timeout if "timeout" in named else UNSET,
        **_why(request, body),
    )
    return await _step(request, body, services(request).sessions.update, command)


@_with_id("POST", "pause", body=StepRequest, **_STEP)
async def pause(request: Request) -> Response:
    """Stop work in a session for a while: no task can be started in it. It still expires."""
    body = await read_body(request, StepRequest)
    return await _step(request, body, services(request).sessions.pause, PauseSession(**_why(request, body)))


@_with_id("POST", "resume", body=StepRequest, **_STEP)
async def resume(request: Request) -> Response:
    """Go on with a paused session."""
    body = await read_body(request, StepRequest)
    return await _step(request, body, services(request).sessions.resume, ResumeSession(**_why(request, body)))


@_with_id("POST", "complete", body=EndSessionRequest, **_STEP)
async def complete(request: Request) -> Response:
    """End a session that reached what it was for."""
    return await _end(request, COMPLETED)


@_with_id("POST", "fail", body=EndSessionRequest, **_STEP)
async def fail(request: Request) -> Response:
    """End a session that did not."""
    return await _end(request, FAILED)


@_with_id("DELETE", "delete", {200: DeletedSessionAnswer}, query=DeleteSessionQuery, headers=("If-Match",))
async def delete(request: Request) -> Response:
    """Delete a session, whether it has ended or not. Its history stays, and its id is used up."""
    refuse_body(request)
    refuse_if_none_match(request)
    query = read_query(request, DeleteSessionQuery)
    session_id = one_of(request.path_params.get("path_id"), query.id, "id")
    command = DeleteSession(**_why(request, query))
    deleting = services(request).sessions.delete(TENANT, session_id, command, _origin(session_id, query))
    session = await conditional(request, deleting)
    return answer({"id": session.id, "deleted": True, "version": session.version, "position": session.position})


async def _end(request: Request, status: str) -> Response:
    body = await read_body(request, EndSessionRequest)
    command = EndSession(status=status, outcome=body.outcome, **_why(request, body))
    return await _step(request, body, services(request).sessions.end, command)


async def _step(
    request: Request, body: CommandRequest, do: Callable[[str, str, Any, Origin], Awaitable[Session]], command: Any
) -> Response:
    refuse_if_none_match(request)
    session_id = _id(request)
    session = await conditional(request, do(TENANT, session_id, command, _origin(session_id, body)))
    return answer(session_document(session), headers=etag(session.version))


def _id(request: Request) -> str:
    return one_of(request.path_params.get("path_id"), read_query(request, SessionQuery).id, "id")


def _why(request: Request, asked: CommandRequest | DeleteSessionQuery) -> dict[str, Any]:
    return {"expected_version": combine_expected(if_match(request), asked.expected_version), "reason": asked.reason}


def _origin(session_id: str, asked: CreateSessionRequest | CommandRequest | DeleteSessionQuery) -> Origin:
    return Origin(
        actor=asked.changed_by,
        agent_id=asked.agent_id,
        session_id=session_id,
        causation_id=asked.causation_id,
        correlation_id=asked.correlation_id,
    )
