"""Commands on sessions, and the read of one."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from domain.recorded import Origin
from domain.sessions.commands import CreateSession, EndSession
from domain.sessions.lifecycle import COMPLETED, FAILED
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.sessions import SessionAnswer, session_document
from interfaces.http.contract import told
from interfaces.http.models.sessions import CreateSessionRequest, EndSessionRequest, SessionQuery
from interfaces.http.preconditions import conditional
from interfaces.http.requests import TENANT, combine_expected, if_match, one_of, read_body, read_query, services

router = APIRouter(prefix="/api/sessions", tags=["sessions"])


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
    )
    session = await wired.sessions.create(TENANT, command, Origin(session_id=session_id))
    return answer(session_document(session), 201, etag(session.version))


@router.get("/get", **told({200: SessionAnswer}, query=SessionQuery))
@router.get("/get/{path_id:whole}", operation_id="get_session_by_path", **told({200: SessionAnswer}, path="path_id"))
async def get(request: Request) -> Response:
    """Read one session, strongly consistent."""
    session = await services(request).sessions.get(TENANT, _id(request))
    return answer(session_document(session), headers=etag(session.version))


_END = told({200: SessionAnswer}, query=SessionQuery, body=EndSessionRequest, headers=("If-Match",))
_END_BY_PATH = told({200: SessionAnswer}, path="path_id", body=EndSessionRequest, headers=("If-Match",))


@router.post("/complete", **_END)
@router.post("/complete/{path_id:whole}", operation_id="complete_by_path", **_END_BY_PATH)
async def complete(request: Request) -> Response:
    """End a session that reached what it was for."""
    return await _end(request, COMPLETED)


@router.post("/fail", **_END)
@router.post("/fail/{path_id:whole}", operation_id="fail_by_path", **_END_BY_PATH)
async def fail(request: Request) -> Response:
    """End a session that did not."""
    return await _end(request, FAILED)


async def _end(request: Request, status: str) -> Response:
    session_id, body = _id(request), await read_body(request, EndSessionRequest)
    command = EndSession(
        status=status,
        outcome=body.outcome,
        reason=body.reason,
        expected_version=combine_expected(if_match(request), body.expected_version),
    )
    ended = services(request).sessions.end(TENANT, session_id, command, Origin(session_id=session_id))
    session = await conditional(request, ended)
    return answer(session_document(session), headers=etag(session.version))


def _id(request: Request) -> str:
    return one_of(request.path_params.get("path_id"), read_query(request, SessionQuery).id, "id")
