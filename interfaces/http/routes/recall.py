"""What is relevant now."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from domain.capture.naming import normalize
from domain.errors import InvalidInputError
from domain.relevance import ActiveTask
from interfaces.http.answers.base import answer
from interfaces.http.answers.recall import RelevantAnswer, recollection_document
from interfaces.http.contract import told
from interfaces.http.models.recall import RelevantQuery, TaskQuery
from interfaces.http.requests import TENANT, read_query, services
from interfaces.http.streaming import answer_in_pieces, looks_large
from interfaces.recalling import budget_of, recollect
from interfaces.reconstructing import active_tasks
from projections.current_state.v1.project import CurrentState

router = APIRouter(prefix="/api/context", tags=["capture and recall"])

ASKED = "request"
"""The id of the task that a request tells of."""


@router.get("/relevant", **told({200: RelevantAnswer}, query=RelevantQuery))
async def relevant(request: Request) -> Response:
    """The most relevant contexts of a session or a namespace that fit into a budget, with their data and their scores.

    Of equally relevant ones that which was changed last comes first. What does not fit into what is left of the budget
    is passed over, never cut.
    """
    wired, query = services(request), read_query(request, RelevantQuery)
    if query.session_id is None and query.namespace is None:
        raise InvalidInputError.at("/sessionId", "name a session or a namespace: relevance is of something to be done")
    budget = budget_of(query.tokens, query.bytes, query.limit, wired.tokenizer)
    if query.min_position:
        timeout = query.timeout or wired.settings.read_timeout
        await wired.registry.wait_for(CurrentState.name, query.min_position, timeout)
    tenant_id = await wired.store.tenants.number(TENANT)
    rows = await wired.current_state.candidates(
        tenant_id,
        session_id=query.session_id,
        namespace=query.namespace,
        kind=query.type,
        tags=query.tag or None,
    )
    now = wired.clock()
    tasks = asked_task(query)
    if query.session_id is not None:
        tasks += await active_tasks(wired, tenant_id, query.session_id)
    found = recollect(rows, now, tasks, budget, wired.tokenizer)
    document = recollection_document(found, budget, now)
    large = any(looks_large(item["data"]) for item in document["items"] if "data" in item)
    return answer_in_pieces(document, {}) if large else answer(document)


def asked_task(query: TaskQuery) -> list[ActiveTask]:
    """The task that a request tells of, if it does."""
    if not (query.reference or query.file or query.code_area or query.project):
        return []
    return [
        ActiveTask(
            id=ASKED,
            references=frozenset(query.reference),
            files=frozenset(map(normalize, query.file)),
            code_area=normalize(query.code_area) if query.code_area else None,
            project=query.project,
        )
    ]
