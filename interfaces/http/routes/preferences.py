"""Users' preferences: observed, set, cleared, read."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter, Request, Response

from domain.preferences.commands import ClearPreference, Observation, ObservePreferences, SetPreference
from domain.preferences.state import Preferences
from domain.recorded import Origin
from interfaces.http.answers.base import answer, etag
from interfaces.http.answers.preferences import (
    PreferencePage,
    PreferencesAnswer,
    preference_document,
    preferences_document,
)
from interfaces.http.contract import told
from interfaces.http.models.preferences import (
    ChangePreferencesRequest,
    ClearPreferenceRequest,
    ObserveRequest,
    PreferenceListQuery,
    PreferencesQuery,
    SetPreferenceRequest,
)
from interfaces.http.preconditions import conditional
from interfaces.http.requests import TENANT, combine_expected, if_match, one_of, read_body, read_query, services
from interfaces.http.routes.waiting import wait_for_position
from projections.current_state.v1.read_preferences import PreferenceFilter

router = APIRouter(prefix="/api/preferences", tags=["preferences"])


@router.post("/observe", **told({200: PreferencesAnswer}, body=ObserveRequest, headers=("If-Match",)))
async def observe(request: Request) -> Response:
    """Take in what a user was seen to prefer: one observation or many. Answers with the preferences that they name."""
    body = await read_body(request, ObserveRequest)
    seen = tuple(Observation(one.type, one.key, one.value) for one in body.observations)
    command = ObservePreferences(observations=seen, **_options(request, body))
    changed = services(request).preferences.observe(TENANT, command, _origin(body))
    return await _changed(request, changed, {(one.type, one.key) for one in seen})


@router.post("/set", **told({200: PreferencesAnswer}, body=SetPreferenceRequest, headers=("If-Match",)))
async def set_value(request: Request) -> Response:
    """Have a value hold until it is cleared, whatever is observed."""
    body = await read_body(request, SetPreferenceRequest)
    command = SetPreference(
        type=body.type, key=body.key, value=body.value, reason=body.reason, **_options(request, body)
    )
    changed = services(request).preferences.set_value(TENANT, command, _origin(body))
    return await _changed(request, changed, {(body.type, body.key)})


@router.post("/clear", **told({200: PreferencesAnswer}, body=ClearPreferenceRequest, headers=("If-Match",)))
async def clear(request: Request) -> Response:
    """Have what was set hold no longer: what was observed holds again, or is forgotten too with `observations`."""
    body = await read_body(request, ClearPreferenceRequest)
    command = ClearPreference(
        type=body.type, key=body.key, observations=body.observations, reason=body.reason, **_options(request, body)
    )
    changed = services(request).preferences.clear(TENANT, command, _origin(body))
    return await _changed(request, changed, {(body.type, body.key)})


@router.get("/get", **told({200: PreferencesAnswer}, query=PreferencesQuery))
@router.get(
    "/get/{path_user_id:whole}",
    operation_id="get_preferences_by_path",
    **told({200: PreferencesAnswer}, query=PreferencesQuery, path="path_user_id"),
)
async def get(request: Request) -> Response:
    """Read all preferences of a user, strongly consistent; there may be none."""
    query = read_query(request, PreferencesQuery)
    user_id = one_of(request.path_params.get("path_user_id"), query.user_id, "userId")
    found = await services(request).preferences.get(TENANT, user_id)
    document = preferences_document(user_id, found, query.type, query.key)
    return answer(document, headers=etag(document["version"]))


@router.get("", **told({200: PreferencePage}, query=PreferenceListQuery))
async def list_preferences(request: Request) -> Response:
    """Preferences across users by filters, the ones last come to be first, page by page."""
    wired, query = services(request), read_query(request, PreferenceListQuery)
    await wait_for_position(wired, query.min_position, query.timeout)
    wanted = PreferenceFilter(
        user_id=query.user_id,
        type=query.type,
        key=query.key,
        explicit=query.explicit,
        min_confidence=query.min_confidence,
    )
    tenant_id = await wired.store.tenants.number(TENANT)
    rows, cursor = await wired.preference_rows.list_preferences(
        tenant_id, wanted, limit=query.limit, cursor=query.cursor
    )
    items = [{"userId": row.user_id, **preference_document(row.preference)} for row in rows]
    return answer({"items": items, "nextCursor": cursor})


async def _changed(request: Request, command: Awaitable[Preferences], named: set[tuple[str, str]]) -> Response:
    after = await conditional(request, command)
    document = preferences_document(after.user_id, after)
    document["items"] = [item for item in document["items"] if (item["type"], item["key"]) in named]
    return answer(document, headers=etag(after.version))


def _options(request: Request, body: ChangePreferencesRequest) -> dict[str, Any]:
    return {
        "user_id": body.user_id,
        "encrypt": body.encrypt,
        "encrypt_new": services(request).settings.encrypt_default,
        "expected_version": combine_expected(if_match(request), body.expected_version),
    }


def _origin(body: ChangePreferencesRequest) -> Origin:
    return Origin(
        actor=body.changed_by,
        agent_id=body.agent_id,
        session_id=body.session_id,
        causation_id=body.causation_id,
        correlation_id=body.correlation_id,
    )
