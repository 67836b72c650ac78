"""Branching a session."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from application.session_branches import WantedBranch
from domain.errors import Fault, ReadModelBehindError
from domain.recorded import Origin
from domain.sessions.session import Session
from interfaces.bootstrap import Services
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.sessions import BranchedSessionAnswer, session_document
from interfaces.http.contract import told
from interfaces.http.models.session_branches import BranchSessionRequest
from interfaces.http.models.sessions import SessionQuery
from interfaces.http.problems import InvalidHeaderError
from interfaces.http.requests import TENANT, one_of_all, read_body, read_query, services
from projections.policies.v1.project import Policies

router = APIRouter(prefix="/api/sessions", tags=["sessions"])

_ANSWERS: dict[int, type[BaseModel] | str] = {201: BranchedSessionAnswer}


@router.post("/branch", **told(_ANSWERS, query=SessionQuery, body=BranchSessionRequest))
@router.post(
    "/branch/{path_id:whole}",
    operation_id="branch_session_by_path",
    **told(_ANSWERS, path="path_id", body=BranchSessionRequest),
)
async def branch(request: Request) -> Response:
    """Begin a session with copies of all that belonged to another at a point in its history.

    The copies are in the namespace of the new session. They are made after the session itself: `complete` tells whether
    they were within `timeout`; `position` is then where all of them are in the log.
    """
    wired, body = services(request), await read_body(request, BranchSessionRequest)
    for name in ("If-Match", "If-None-Match"):
        if name.lower() in request.headers:
            raise InvalidHeaderError([Fault(name, "makes no sense here: a point in the history is named instead")])
    named = request.path_params.get("path_id") or read_query(request, SessionQuery).id
    session_id = one_of_all(named, body.session_id, "sessionId", "id")
    wanted = WantedBranch(session_id, body.new_session_id, body.as_of, body.position)
    origin = Origin(
        actor=body.changed_by,
        agent_id=body.agent_id,
        causation_id=body.causation_id,
        correlation_id=body.correlation_id,
    )
    session = await wired.branching.branch(TENANT, wanted, origin)
    document = session_document(session)
    complete = await _copied(wired, session, body.timeout)
    if complete:
        document["position"] = await wired.store.end()
    return answer({**document, "complete": complete}, 201, etag(session.version))


async def _copied(wired: Services, session: Session, timeout: float) -> bool:
    try:
        await wired.registry.wait_for(Policies.name, session.position, timeout)
    except ReadModelBehindError:
        return False
    return True
