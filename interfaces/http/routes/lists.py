"""Lists from the current state; they may lag, and can be asked to wait."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from interfaces.http.answers.base import answer
from interfaces.http.answers.contexts import ContextPage, context_document
from interfaces.http.answers.sessions import SessionPage, session_document
from interfaces.http.contract import told
from interfaces.http.models.contexts import ListQuery
from interfaces.http.models.sessions import SessionListQuery
from interfaces.http.requests import TENANT, read_query, services
from interfaces.http.routes.waiting import wait_for_position
from interfaces.http.streaming import answer_in_pieces, looks_large
from projections.current_state.v1.read import ContextFilter

router = APIRouter()


@router.get("/api/context/list", tags=["contexts"], **told({200: ContextPage}, query=ListQuery))
async def list_contexts(request: Request) -> Response:
    """Live contexts by filters, page by page. What lives all the while is on exactly one page."""
    wired, query = services(request), read_query(request, ListQuery)
    await wait_for_position(wired, query.min_position, query.timeout)
    tenant_id = await wired.store.tenants.number(TENANT)
    wanted = ContextFilter(
        namespace=query.namespace,
        session_id=query.session_id,
        agent_id=query.agent_id,
        user_id=query.user_id,
        type=query.type,
        environment=query.environment,
        key_prefix=query.key_prefix,
        tags=query.tag or None,
        features=query.feature or None,
        min_priority=query.min_priority,
        min_importance=query.min_importance,
        created_from=query.created_from,
        created_to=query.created_to,
        updated_from=query.updated_from,
        updated_to=query.updated_to,
    )
    rows, cursor = await wired.current_state.list_contexts(
        tenant_id, wanted, order=query.order, limit=query.limit, cursor=query.cursor, with_data=query.include == "data"
    )
    items = []
    for row in rows:
        item = context_document(row)
        item["accessCount"], item["lastAccessedAt"] = row.access_count, row.last_accessed_at
        if row.data is not None:
            (item["data"],) = row.data
        items.append(item)
    document = {"items": items, "nextCursor": cursor}
    large = any(looks_large(item["data"]) for item in items if "data" in item)
    return answer_in_pieces(document, {}) if large else answer(document)


@router.get("/api/sessions", tags=["sessions"], **told({200: SessionPage}, query=SessionListQuery))
async def list_sessions(request: Request) -> Response:
    """Sessions, newest first, page by page."""
    wired, query = services(request), read_query(request, SessionListQuery)
    await wait_for_position(wired, query.min_position, query.timeout)
    tenant_id = await wired.store.tenants.number(TENANT)
    rows, cursor = await wired.session_rows.list_sessions(
        tenant_id, status=query.status, user_id=query.user_id, limit=query.limit, cursor=query.cursor
    )
    return answer({"items": [session_document(*row) for row in rows], "nextCursor": cursor})
