"""Reconstructing a session."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response

from interfaces.http.answers.reconstruct import ReconstructAnswer, reconstruction_document
from interfaces.http.contract import told
from interfaces.http.models.reconstruct import ReconstructQuery
from interfaces.http.requests import TENANT, one_of, read_query, services
from interfaces.recalling import budget_of
from interfaces.reconstructing import Wanted, reconstruct_now, reconstruct_then
from projections.current_state.v1.project import CurrentState

router = APIRouter(prefix="/api/sessions", tags=["capture and recall"])

_encoder = msgspec.json.Encoder()


@router.get("/reconstruct", **told({200: ReconstructAnswer}, query=ReconstructQuery))
@router.get(
    "/reconstruct/{path_id:whole}",
    operation_id="reconstruct_by_path",
    **told({200: ReconstructAnswer}, query=ReconstructQuery, path="path_id"),
)
async def reconstruct(request: Request) -> Response:
    """All that an agent needs to go on with a session, now or as of a past instant or position.

    As of a past point what was deleted since is there too; what was erased is not.
    """
    wired, query = services(request), read_query(request, ReconstructQuery)
    session_id = one_of(request.path_params.get("path_id"), query.id, "id")
    wanted = Wanted(budget_of(query.tokens, query.bytes, query.limit, wired.tokenizer), query.recent)
    if query.min_position:
        timeout = query.timeout or wired.settings.read_timeout
        await wired.registry.wait_for(CurrentState.name, query.min_position, timeout)
    if query.as_of is not None or query.as_of_position is not None:
        made = await reconstruct_then(wired, TENANT, session_id, wanted, query.as_of, query.as_of_position)
    else:
        made = await reconstruct_now(wired, TENANT, session_id, wanted)
    return Response(_encoder.encode(reconstruction_document(made, wanted.budget)), media_type="application/json")
