"""The life of a session by HTTP: what the table of statuses allows, and what becomes of one that is deleted."""

import pytest

from domain.sessions.lifecycle import STEPS, TRANSITIONS
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, places, refused
from tests.integration.http.session_calls import ask, begin, done, read

INTO: dict[str, list[str]] = {
    "active": [],
    "paused": ["pause"],
    "completed": ["complete"],
    "failed": ["fail"],
    "deleted": ["delete"],
}
BY_ASKING = [step for step in STEPS if step != "expire"]


@pytest.mark.parametrize("status", INTO)
async def test_each_step_is_taken_or_refused_as_the_table_says(api: Api, status: str) -> None:
    for step in BY_ASKING:
        session_id = f"{status} {step}"
        await begin(api, session_id)
        for before in INTO[status]:
            await done(api, before, session_id)
        to = TRANSITIONS[status].get(step)
        if status == "deleted":
            await refused(api, ask(api, step, session_id), 404, "session-not-found")
        elif to is None:
            problem = await refused(api, ask(api, step, session_id), 409, "illegal-transition")
            assert problem["currentStatus"] == status
            assert set(problem["allowed"]) == set(TRANSITIONS[status].values()) - {status}
            assert status in problem["detail"]
        elif to == "deleted":
            assert (await done(api, step, session_id))["deleted"] is True
        else:
            assert (await done(api, step, session_id))["status"] == to
            assert (await read(api, session_id))["status"] == to


async def test_data_change_as_those_of_a_context_and_metadata_as_a_whole(api: Api, clock: MovableClock) -> None:
    await begin(api, data={"goal": {"city": "Oslo"}, "turns": 1}, metadata={"a": 1})
    clock.advance(5)
    merged = await done(api, "update", data={"goal": {"days": 3}}, changeType="merge")
    assert merged["data"] == {"goal": {"city": "Oslo", "days": 3}, "turns": 1}
    assert (merged["version"], merged["updatedAt"], merged["metadata"]) == (2, "2026-01-01T00:00:05Z", {"a": 1})
    counted = await done(api, "update", data={"turns": 2}, changeType="increment", metadata={"b": 2})
    assert (counted["data"]["turns"], counted["metadata"]) == (3, {"b": 2})
    patch = [{"op": "remove", "path": "/goal"}]
    assert (await done(api, "update", data=patch, changeType="jsonPatch"))["data"] == {"turns": 3}
    assert (await done(api, "update", data={"new": None}))["data"] == {"new": None}
    assert (await read(api))["data"] == {"new": None}


async def test_an_update_that_names_nothing_or_does_not_fit_changes_nothing(api: Api) -> None:
    await begin(api, data={"n": 1})
    nothing = api.http.put("/api/sessions/update/s", json={"reason": "no"})
    await refused(api, nothing, 422, "invalid-input")
    await refused(api, ask(api, "update", data=[1]), 409, "change-does-not-apply")
    await refused(api, ask(api, "update", data={"n": []}, changeType="append"), 409, "change-does-not-apply")
    await refused(api, ask(api, "update", data=3, changeType="merge"), 422, "invalid-input")
    problem = await refused(api, ask(api, "update", timeout=0, metadata=[]), 422, "invalid-input")
    assert places(problem) == {"/timeout", "/metadata"}
    await refused(api, ask(api, "update", metadata={}, expectedVersion=7), 409, "version-conflict")
    assert (await read(api))["version"] == 1


async def test_a_deleted_session_is_not_there_any_more_and_its_id_is_used_up(api: Api, projection: object) -> None:
    await begin(api, data={"secret": 1}, userId="ada")
    before = await read(api)
    deleted = await done(api, "delete", reason="tidy")
    assert deleted == {"id": "s", "deleted": True, "version": 2, "position": await api.log_end()}
    problem = await refused(api, api.http.get("/api/sessions/get/s"), 404, "session-not-found")
    assert "was deleted" in problem["detail"]
    await refused(api, api.http.post("/api/sessions", json={"id": "s"}), 409, "already-exists")
    assert await api.pages("/api/sessions", minPosition=deleted["position"]) == [[]]
    (listed,) = (await api.pages("/api/sessions", status="deleted", userId="ada"))[0]
    assert (listed["status"], listed["data"], listed["reason"]) == ("deleted", {}, "tidy")
    # Its history stays: the log has what it was.
    (first, last) = await api.services.store.reader.log(0, 10)
    assert (first.event.data, last.position) == (before["data"], deleted["position"])  # type: ignore[attr-defined]


async def test_a_version_in_the_header_guards_every_step(api: Api) -> None:
    await begin(api)
    for step in ("pause", "complete"):
        asking = api.http.post(f"/api/sessions/{step}/s", json={}, headers={"If-Match": '"9"'})
        await refused(api, asking, 412, "precondition-failed")
    asking = api.http.request("DELETE", "/api/sessions/delete/s", headers={"If-Match": '"9"'})
    await refused(api, asking, 412, "precondition-failed")
    asking = api.http.post("/api/sessions/pause/s", json={}, headers={"If-None-Match": "*"})
    await refused(api, asking, 422, "invalid-input")


async def test_who_asked_and_why_is_in_the_log(api: Api) -> None:
    await begin(api, agentId="planner", changedBy="ada")
    await done(api, "pause", reason="lunch", agentId="planner", causationId="c", correlationId="k")
    begun, paused = await api.services.store.reader.log(0, 10)
    assert (begun.origin.actor, begun.origin.agent_id, begun.origin.session_id) == ("ada", "planner", "s")
    assert (paused.origin.session_id, paused.origin.causation_id, paused.origin.correlation_id) == ("s", "c", "k")
    assert (await read(api))["reason"] == "lunch"
