"""Erasing: destroying the keys of what is encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from application.contexts import ContextRef
from application.erasure import ErasedAll
from application.ports import LeftInTheClear
from domain.contexts.identity import public_id, stream_name
from domain.errors import Fault, InvalidInputError
from domain.recorded import Origin, stream_id
from interfaces.http.answers.base import Answer, answer
from interfaces.http.contract import told
from interfaces.http.models.contexts import KeyQuery
from interfaces.http.models.erasure import EraseContextRequest, EraseRequest, EraseUserRequest
from interfaces.http.models.sessions import SessionQuery
from interfaces.http.problems import InvalidHeaderError
from interfaces.http.requests import TENANT, one_of, one_of_all, read_body, read_query, services

router = APIRouter(tags=["erasure"])

MOST_LISTED = 1_000
"""Of what is left in the clear so many are named in an answer; it tells how many there are."""


class ErasedContextAnswer(Answer):
    """Erased; `clearVersions` are ranges of versions that were stored in the clear and stay in the log."""

    id: str
    key: str
    namespace: str
    erased: bool
    version: int
    position: int
    clear_versions: list[tuple[int, int]]


class LeftContext(Answer):
    """A context that is in the clear: all of it, or these ranges of versions."""

    namespace: str
    key: str
    versions: list[tuple[int, int]] | None


class LeftSession(Answer):
    """A session that is in the clear: all of it, or these ranges of versions."""

    id: str
    versions: list[tuple[int, int]] | None


class LeftDecision(Answer):
    """A decision that is in the clear: all of it, or these ranges of versions."""

    id: str
    versions: list[tuple[int, int]] | None


class LeftTask(Answer):
    """A task that is in the clear: all of it, or these ranges of versions."""

    id: str
    versions: list[tuple[int, int]] | None


class LeftPreferences(Answer):
    """A user's preferences that are in the clear: some of them, or these ranges of versions."""

    user_id: str
    versions: list[tuple[int, int]] | None


class ErasedAllAnswer(Answer):
    """How much was erased, and what was stored in the clear and could not be: at most 1,000 are named."""

    erased_contexts: int
    erased_sessions: int
    erased_tasks: int
    erased_decisions: int
    erased_preferences: int
    position: int
    clear_total: int
    clear_contexts: list[LeftContext]
    clear_sessions: list[LeftSession]
    clear_tasks: list[LeftTask]
    clear_decisions: list[LeftDecision]
    clear_preferences: list[LeftPreferences]


_CONTEXT = told({200: ErasedContextAnswer}, query=KeyQuery, body=EraseContextRequest)
_CONTEXT_BY_PATH = told({200: ErasedContextAnswer}, query=KeyQuery, body=EraseContextRequest, path="path_key")
_SESSION = told({200: ErasedAllAnswer}, query=SessionQuery, body=EraseRequest)
_SESSION_BY_PATH = told({200: ErasedAllAnswer}, path="path_id", body=EraseRequest)


@router.post("/api/context/erase", **_CONTEXT)
@router.post("/api/context/erase/{path_key:whole}", operation_id="erase_by_path", **_CONTEXT_BY_PATH)
async def erase_context(request: Request) -> Response:
    """Destroy the keys of a context: log, read models and backups give nothing readable back. Can't be undone."""
    query, body = read_query(request, KeyQuery), await read_body(request, EraseContextRequest)
    _refuse_preconditions(request)
    key = one_of_all(request.path_params.get("path_key") or query.key, body.key, "key", "key")
    if query.namespace and body.namespace and query.namespace != body.namespace:
        raise InvalidInputError.at("/namespace", "the query and the body name different namespaces")
    ref = ContextRef(TENANT, query.namespace or body.namespace, key)
    erased = await services(request).erasure.erase_context(ref, body.reason, _origin(body))
    return answer(
        {
            "id": public_id(stream_id(TENANT, stream_name(ref.namespace, ref.key))),
            "key": ref.key,
            "namespace": ref.namespace,
            "erased": True,
            "version": erased.version,
            "position": erased.position,
            "clearVersions": erased.clear_versions,
        }
    )


@router.post("/api/sessions/erase", **_SESSION)
@router.post("/api/sessions/erase/{path_id:whole}", operation_id="erase_session_by_path", **_SESSION_BY_PATH)
async def erase_session(request: Request) -> Response:
    """Destroy the keys of a session, its tasks and decisions, and all contexts that are or were in it, for good."""
    session_id = one_of(request.path_params.get("path_id"), read_query(request, SessionQuery).id, "id")
    body = await read_body(request, EraseRequest)
    _refuse_preconditions(request)
    return _answer(await services(request).erasure.erase_session(TENANT, session_id, body.reason, _origin(body)))


@router.post("/api/users/erase", **told({200: ErasedAllAnswer}, body=EraseUserRequest))
async def erase_user(request: Request) -> Response:
    """Destroy the keys of all that is a user's: sessions with what is in them, contexts, decisions, preferences."""
    body = await read_body(request, EraseUserRequest)
    _refuse_preconditions(request)
    return _answer(await services(request).erasure.erase_user(TENANT, body.user_id, body.reason, _origin(body)))


def _answer(erased: ErasedAll) -> Response:
    listed, counts = erased.left[:MOST_LISTED], erased.counts
    return answer(
        {
            "erasedContexts": counts.get("context", 0),
            "erasedSessions": counts.get("session", 0),
            "erasedTasks": counts.get("task", 0),
            "erasedDecisions": counts.get("decision", 0),
            "erasedPreferences": counts.get("preferences", 0),
            "position": erased.position,
            "clearTotal": len(erased.left),
            "clearContexts": [{"namespace": item.namespace} | _left(item, "key") for item in _of(listed, "context")],
            "clearSessions": [_left(item, "id") for item in _of(listed, "session")],
            "clearTasks": [_left(item, "id") for item in _of(listed, "task")],
            "clearDecisions": [_left(item, "id") for item in _of(listed, "decision")],
            "clearPreferences": [_left(item, "userId") for item in _of(listed, "preferences")],
        }
    )


def _of(left: Sequence[LeftInTheClear], kind: str) -> list[LeftInTheClear]:
    return [item for item in left if item.kind == kind]


def _left(item: LeftInTheClear, named: str) -> dict[str, Any]:
    return {named: item.name, "versions": item.versions}


def _origin(body: EraseRequest) -> Origin:
    return Origin(actor=body.changed_by, causation_id=body.causation_id, correlation_id=body.correlation_id)


def _refuse_preconditions(request: Request) -> None:
    for name in ("If-Match", "If-None-Match"):
        if name.lower() in request.headers:
            raise InvalidHeaderError([Fault(name, "makes no sense here: erasing takes all versions")])
