"""Decisions: made, told how they turned out, found again."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter, Request, Response

from domain.decisions.canonical import context_hash
from domain.decisions.commands import GiveFeedback, MakeDecision, Override, RecordOutcome
from domain.decisions.decision import Decision
from domain.recorded import Origin
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.decisions import (
    DecisionAnswer,
    DecisionPage,
    SimilarAnswer,
    decision_document,
    similar_document,
)
from interfaces.http.contract import told
from interfaces.http.models.decisions import (
    ChangeDecisionRequest,
    DecisionListQuery,
    DecisionQuery,
    FeedbackRequest,
    InContext,
    MakeDecisionRequest,
    OutcomeRequest,
    OverrideRequest,
    SimilarRequest,
)
from interfaces.http.preconditions import conditional
from interfaces.http.requests import TENANT, combine_expected, if_match, one_of, read_body, read_query, services
from interfaces.http.routes.waiting import wait_for_position
from projections.current_state.v1.read_decisions import DecisionFilter

router = APIRouter(prefix="/api/decisions", tags=["decisions"])


@router.post("", **told({201: DecisionAnswer}, body=MakeDecisionRequest))
async def make(request: Request) -> Response:
    """Record a decision. Without an id one is made; an id can be used once."""
    wired, body = services(request), await read_body(request, MakeDecisionRequest)
    command = MakeDecision(
        decision_id=body.id or wired.decisions.make_id(),
        session_id=body.session_id,
        task_id=body.task_id,
        agent_id=body.agent_id,
        user_id=body.user_id,
        type=body.type,
        context_hash=_hash(body),
        features=tuple(body.features),
        decision=body.decision,
        alternatives=body.alternatives,
        confidence=body.confidence,
        autonomous=body.autonomous,
        reasoning=body.reasoning,
        metadata=body.metadata,
        encrypt=wired.settings.encrypt_default if body.encrypt is None else body.encrypt,
    )
    origin = Origin(
        actor=body.changed_by,
        agent_id=body.agent_id,
        session_id=body.session_id,
        causation_id=body.causation_id,
        correlation_id=body.correlation_id,
    )
    return _answer(await wired.decisions.make(TENANT, command, origin), 201)


@router.get("", **told({200: DecisionPage}, query=DecisionListQuery))
async def list_decisions(request: Request) -> Response:
    """Decisions by filters, newest first, page by page."""
    wired, query = services(request), read_query(request, DecisionListQuery)
    await wait_for_position(wired, query.min_position, query.timeout)
    wanted = DecisionFilter(
        session_id=query.session_id,
        task_id=query.task_id,
        agent_id=query.agent_id,
        user_id=query.user_id,
        type=query.type,
        outcome=query.outcome,
        autonomous=query.autonomous,
        context_hash=query.context_hash,
        features=query.feature or None,
        created_from=query.created_from,
        created_to=query.created_to,
    )
    tenant_id = await wired.store.tenants.number(TENANT)
    decisions, cursor = await wired.decision_rows.list_decisions(
        tenant_id, wanted, limit=query.limit, cursor=query.cursor
    )
    return answer({"items": [decision_document(decision) for decision in decisions], "nextCursor": cursor})


@router.get("/get", **told({200: DecisionAnswer}, query=DecisionQuery))
@router.get("/get/{path_id:whole}", operation_id="get_decision_by_path", **told({200: DecisionAnswer}, path="path_id"))
async def get(request: Request) -> Response:
    """Read one decision, strongly consistent."""
    return _answer(await services(request).decisions.get(TENANT, _id(request)))


@router.post("/similar", **told({200: SimilarAnswer}, body=SimilarRequest))
async def similar(request: Request) -> Response:
    """Find earlier decisions made in the same context, else in similar ones, and how they turned out."""
    wired, body = services(request), await read_body(request, SimilarRequest)
    await wait_for_position(wired, body.min_position, body.timeout)
    named = _hash(body)
    found, complete = await wired.decision_rows.similar(
        await wired.store.tenants.number(TENANT),
        named,
        body.features,
        least=body.min_similarity,
        limit=body.limit,
        type_=body.type,
        agent_id=body.agent_id,
    )
    return answer(similar_document(named, found, complete))


def _command(body: type[ChangeDecisionRequest], by_path: bool = False) -> dict[str, Any]:
    if by_path:
        return told({200: DecisionAnswer}, path="path_id", body=body, headers=("If-Match",))
    return told({200: DecisionAnswer}, query=DecisionQuery, body=body, headers=("If-Match",))


@router.post("/outcome", **_command(OutcomeRequest))
@router.post("/outcome/{path_id:whole}", operation_id="outcome_by_path", **_command(OutcomeRequest, True))
async def outcome(request: Request) -> Response:
    """Record how a decision turned out, or correct what was recorded."""
    decision_id, body = _id(request), await read_body(request, OutcomeRequest)
    command = RecordOutcome(
        outcome=body.outcome, details=body.details, reason=body.reason, expected_version=_expected(request, body)
    )
    return await _changed(
        request, services(request).decisions.record_outcome(TENANT, decision_id, command, _origin(body))
    )


@router.post("/override", **_command(OverrideRequest))
@router.post("/override/{path_id:whole}", operation_id="override_by_path", **_command(OverrideRequest, True))
async def override(request: Request) -> Response:
    """Record that a person decided otherwise, and what instead."""
    decision_id, body = _id(request), await read_body(request, OverrideRequest)
    command = Override(by=body.by, instead=body.instead, reason=body.reason, expected_version=_expected(request, body))
    return await _changed(request, services(request).decisions.override(TENANT, decision_id, command, _origin(body)))


@router.post("/feedback", **_command(FeedbackRequest))
@router.post("/feedback/{path_id:whole}", operation_id="feedback_by_path", **_command(FeedbackRequest, True))
async def feedback(request: Request) -> Response:
    """Record what somebody thinks of a decision, or correct what was recorded."""
    decision_id, body = _id(request), await read_body(request, FeedbackRequest)
    command = GiveFeedback(
        score=body.score, by=body.by, comment=body.comment, expected_version=_expected(request, body)
    )
    return await _changed(
        request, services(request).decisions.give_feedback(TENANT, decision_id, command, _origin(body))
    )


async def _changed(request: Request, command: Awaitable[Decision]) -> Response:
    return _answer(await conditional(request, command))


def _answer(decision: Decision, status: int = 200) -> Response:
    return answer(decision_document(decision), status, etag(decision.version))


def _hash(body: InContext) -> str | None:
    return context_hash(body.context) if body.context is not None else body.context_hash


def _expected(request: Request, body: ChangeDecisionRequest) -> int | None:
    return combine_expected(if_match(request), body.expected_version)


def _origin(body: ChangeDecisionRequest) -> Origin:
    return Origin(
        actor=body.changed_by,
        agent_id=body.agent_id,
        session_id=body.session_id,
        causation_id=body.causation_id,
        correlation_id=body.correlation_id,
    )


def _id(request: Request) -> str:
    return one_of(request.path_params.get("path_id"), read_query(request, DecisionQuery).id, "id")
