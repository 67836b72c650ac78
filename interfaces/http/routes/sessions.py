"""Commands on sessions, and the read of one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from domain.errors import InvalidInputError
from domain.recorded import Origin
from domain.sessions.lifecycle import COMPLETED, FAILED
from domain.sessions.session import CreateSession, EndSession
from interfaces.http import models
from interfaces.http.answers import SessionAnswer, answer, etag, session_document
from interfaces.http.requests import TENANT, StrictRoute, combine_expected, if_match
from interfaces.http.routes.contexts import Wired, _conditional

router = APIRouter(prefix="/api/sessions", tags=["sessions"], route_class=StrictRoute)


@router.post("", responses={201: {"model": SessionAnswer}})
async def create(body: models.CreateSessionRequest, wired: Wired) -> Response:
    """Begin a session. Without an id one is made; an id can be used once."""
    session_id = body.id or wired.sessions.make_id()
    command = CreateSession(session_id=session_id, user_id=body.user_id, data=body.data, metadata=body.metadata)
    session = await wired.sessions.create(TENANT, command, Origin(session_id=session_id))
    return answer(session_document(session), 201, etag(session.version))


@router.get("/get", responses={200: {"model": SessionAnswer}})
@router.get("/get/{path_id:whole}", responses={200: {"model": SessionAnswer}})
async def get(query: Annotated[models.SessionQuery, Query()], wired: Wired, path_id: str | None = None) -> Response:
    """Read one session, strongly consistent."""
    session = await wired.sessions.get(TENANT, _id(path_id, query))
    return answer(session_document(session), headers=etag(session.version))


@router.post("/complete", responses={200: {"model": SessionAnswer}})
@router.post("/complete/{path_id:whole}", responses={200: {"model": SessionAnswer}})
async def complete(
    request: Request,
    body: models.EndSessionRequest,
    query: Annotated[models.SessionQuery, Query()],
    wired: Wired,
    path_id: str | None = None,
) -> Response:
    """End a session that reached what it was for."""
    return await _end(request, _id(path_id, query), COMPLETED, body, wired)


@router.post("/fail", responses={200: {"model": SessionAnswer}})
@router.post("/fail/{path_id:whole}", responses={200: {"model": SessionAnswer}})
async def fail(
    request: Request,
    body: models.EndSessionRequest,
    query: Annotated[models.SessionQuery, Query()],
    wired: Wired,
    path_id: str | None = None,
) -> Response:
    """End a session that did not."""
    return await _end(request, _id(path_id, query), FAILED, body, wired)


async def _end(
    request: Request, session_id: str, status: str, body: models.EndSessionRequest, wired: Wired
) -> Response:
    command = EndSession(
        status=status,
        outcome=body.outcome,
        reason=body.reason,
        expected_version=combine_expected(if_match(request), body.expected_version),
    )
    ended = wired.sessions.end(TENANT, session_id, command, Origin(session_id=session_id))
    session = await _conditional(request, ended)
    return answer(session_document(session), headers=etag(session.version))


def _id(path_id: str | None, query: models.SessionQuery) -> str:
    if path_id and query.id is not None and path_id != query.id:
        raise InvalidInputError.at("/id", "the path and ?id= name different sessions")
    session_id = path_id or query.id
    if session_id is None:
        raise InvalidInputError.at("/id", "an id is needed: in the path, or as ?id=")
    return session_id
