"""Decisions by HTTP: made, told how they turned out, corrected, listed; and what is refused."""

from typing import Any

import httpx
import pytest

from domain.decisions.canonical import context_hash
from domain.decisions.decision import stream_name
from domain.recorded import Origin, stream_id
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, places, refused


async def make(api: Api, decision: Any = "go", **body: Any) -> httpx.Response:
    return await api.http.post("/api/decisions", json={"sessionId": "s-1", "decision": decision, **body})


async def made(api: Api, decision: Any = "go", **body: Any) -> Any:
    """The answer to a decision that must be recorded."""
    answer = await make(api, decision, **body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def change(
    api: Api, what: str, decision_id: str, headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    return await api.http.post(f"/api/decisions/{what}", params={"id": decision_id}, json=body, headers=headers)


async def changed(api: Api, what: str, decision_id: str, **body: Any) -> Any:
    """The answer to a change that must be made."""
    answer = await change(api, what, decision_id, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def origins(api: Api, decision_id: str) -> list[Origin]:
    events = await api.services.store.read_stream("default", stream_id("default", stream_name(decision_id)))
    return [recorded.origin for recorded in events]


async def test_a_decision_is_read_as_it_was_made(api: Api) -> None:
    context = {"branch": "main", "tests": [1, 2.0]}
    answer = await make(
        api,
        {"action": "retry"},
        id="dec-1",
        taskId="t-1",
        agentId="a-1",
        userId="u-1",
        type="ci",
        context=context,
        features=["flaky", "nightly", "flaky"],
        alternatives=["skip", None],
        confidence=0.75,
        autonomous=True,
        reasoning="it failed once",
        metadata={"m": None},
    )
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    document = answer.json()
    assert document == {
        "id": "dec-1",
        "sessionId": "s-1",
        "taskId": "t-1",
        "agentId": "a-1",
        "userId": "u-1",
        "type": "ci",
        "contextHash": context_hash(context),
        "features": ["flaky", "nightly"],
        "decision": {"action": "retry"},
        "alternatives": ["skip", None],
        "confidence": 0.75,
        "autonomous": True,
        "reasoning": "it failed once",
        "metadata": {"m": None},
        "outcome": "unknown",
        "outcomeDetails": None,
        "outcomeReason": None,
        "outcomeAt": None,
        "userOverride": None,
        "feedback": None,
        "encrypted": False,
        "version": 1,
        "position": await api.log_end(),
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    }
    assert (await api.http.get("/api/decisions/get/dec-1")).json() == document


async def test_without_an_id_each_decision_gets_one_of_its_own(api: Api) -> None:
    one, other = (await made(api))["id"], (await made(api))["id"]
    assert one.startswith("dec_")
    assert one != other


@pytest.mark.parametrize("decision_id", ["a/b", "..", "%2F", "é?#&", "\U0001f600" * 256])
async def test_an_id_is_taken_as_it_is(api: Api, decision_id: str) -> None:
    assert (await made(api, id=decision_id))["id"] == decision_id
    answer = await api.http.get("/api/decisions/get", params={"id": decision_id})
    assert answer.json()["id"] == decision_id


async def test_what_came_of_it_is_told_later_and_corrected(api: Api, clock: MovableClock) -> None:
    await made(api, id="d")
    clock.advance(10)
    document = await changed(api, "outcome", "d", outcome="failure", details={"exit": 1}, reason="broke")
    assert (document["outcome"], document["outcomeDetails"], document["outcomeReason"]) == (
        "failure",
        {"exit": 1},
        "broke",
    )
    assert (document["outcomeAt"], document["version"]) == ("2026-01-01T00:00:10Z", 2)
    document = await changed(api, "outcome", "d", outcome="partial")
    assert (document["outcome"], document["outcomeDetails"], document["outcomeReason"]) == ("partial", None, None)
    document = await changed(api, "override", "d", by="ada", instead={"action": "skip"}, reason="too slow")
    assert document["userOverride"] == {
        "by": "ada",
        "instead": {"action": "skip"},
        "reason": "too slow",
        "at": "2026-01-01T00:00:10Z",
    }
    document = await changed(api, "feedback", "d", score=-0.5, by="ada", comment="meh")
    assert document["feedback"] == {"score": -0.5, "by": "ada", "comment": "meh", "at": "2026-01-01T00:00:10Z"}
    document = await changed(api, "feedback", "d", score=1)
    assert document["feedback"]["score"] == 1
    assert document["version"] == 6
    assert (await api.http.get("/api/decisions/get/d")).json() == document


async def test_each_event_tells_where_it_came_from_and_by_default_it_is_the_decisions_session(api: Api) -> None:
    await made(api, id="d", agentId="a-1", changedBy="me", correlationId="c-1")
    await changed(api, "outcome", "d", outcome="success", agentId="a-2")
    await changed(api, "feedback", "d", score=0, sessionId="s-2", changedBy="ada", causationId="e-1")
    assert await origins(api, "d") == [
        Origin(actor="me", agent_id="a-1", session_id="s-1", correlation_id="c-1"),
        Origin(agent_id="a-2", session_id="s-1"),
        Origin(actor="ada", session_id="s-2", causation_id="e-1"),
    ]


async def test_an_id_is_used_once(api: Api) -> None:
    await made(api, id="d")
    await changed(api, "outcome", "d", outcome="success")
    assert (await refused(api, make(api, id="d"), 409, "already-exists"))["currentVersion"] == 2


async def test_a_stale_version_is_409_in_the_body_and_412_in_the_header(api: Api) -> None:
    await made(api, id="d")
    bodies: dict[str, Any] = {
        "outcome": {"outcome": "success"},
        "override": {"by": "ada", "instead": 1},
        "feedback": {"score": 1},
    }
    for version, (what, body) in enumerate(bodies.items(), 1):
        problem = await refused(api, change(api, what, "d", expectedVersion=9, **body), 409, "version-conflict")
        assert problem["currentVersion"] == version
        await refused(api, change(api, what, "d", headers={"If-Match": '"9"'}, **body), 412, "precondition-failed")
        assert (await change(api, what, "d", headers={"If-Match": f'"{version}"'}, **body)).status_code == 200


async def test_what_was_never_made_is_404(api: Api) -> None:
    await refused(api, api.http.get("/api/decisions/get/no"), 404, "decision-not-found")
    await refused(api, change(api, "outcome", "no", outcome="success"), 404, "decision-not-found")
    await refused(api, change(api, "override", "no", by="ada", instead=1), 404, "decision-not-found")
    await refused(api, change(api, "feedback", "no", sessionId="s", score=1), 404, "decision-not-found")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"confidence": 1.01}, {"/confidence"}),
        ({"confidence": -0.01}, {"/confidence"}),
        ({"confidence": "0.5"}, {"/confidence"}),
        ({"features": ["f"] * 257}, {"/features"}),
        ({"features": ["ok", ""]}, {"/features/1"}),
        ({"features": ["a\nb"]}, {"/features/0"}),
        ({"alternatives": [1] * 101}, {"/alternatives"}),
        ({"context": 1, "contextHash": "h"}, {""}),
        ({"sessionId": ""}, {"/sessionId"}),
        ({"id": ""}, {"/id"}),
        ({"autonomous": 1}, {"/autonomous"}),
        ({"outcome": "success"}, {"/outcome"}),
    ],
)
async def test_a_decision_that_breaks_a_rule_is_refused_with_the_place(
    api: Api, body: dict[str, Any], pointers: set[str]
) -> None:
    assert places(await refused(api, make(api, **body), 422, "invalid-input")) == pointers


async def test_session_and_decision_are_needed(api: Api) -> None:
    asking = api.http.post("/api/decisions", json={})
    assert places(await refused(api, asking, 422, "invalid-input")) == {"/sessionId", "/decision"}


@pytest.mark.parametrize(
    ("what", "body", "pointers"),
    [
        ("outcome", {"outcome": "good"}, {"/outcome"}),
        ("outcome", {}, {"/outcome"}),
        ("override", {"instead": 1}, {"/by"}),
        ("override", {"by": "ada"}, {"/instead"}),
        ("feedback", {"score": 1.5}, {"/score"}),
        ("feedback", {"score": -2}, {"/score"}),
        ("feedback", {"score": None}, {"/score"}),
        ("feedback", {"score": 1, "stars": 5}, {"/stars"}),
    ],
)
async def test_a_change_that_breaks_a_rule_is_refused_with_the_place(
    api: Api, what: str, body: dict[str, Any], pointers: set[str]
) -> None:
    await made(api, id="d")
    assert places(await refused(api, change(api, what, "d", **body), 422, "invalid-input")) == pointers


async def test_decisions_are_listed_newest_first_by_every_filter_in_pages(
    api: Api, projection: object, clock: MovableClock
) -> None:
    for number in range(6):
        odd = number % 2 == 1
        await made(
            api,
            number,
            id=f"d-{number}",
            sessionId="odd" if odd else "even",
            taskId="t-1" if number < 2 else None,
            agentId="a-1" if number == 3 else None,
            userId="u-1" if number > 3 else None,
            type="pick" if odd else "plan",
            contextHash="h" if number in (0, 5) else None,
            features=["all", *(["odd"] if odd else [])],
            autonomous=number == 4,
        )
        clock.advance(60)
    await changed(api, "outcome", "d-1", outcome="success")

    async def ids(**query: Any) -> list[str]:
        pages = await api.pages("/api/decisions", minPosition=await api.log_end(), **query)
        return [decision["id"] for page in pages for decision in page]

    newest_first = [f"d-{number}" for number in range(5, -1, -1)]
    assert await ids() == newest_first
    assert await ids(limit=1) == await ids(limit=4) == newest_first
    assert await ids(sessionId="odd") == ["d-5", "d-3", "d-1"]
    assert await ids(taskId="t-1") == ["d-1", "d-0"]
    assert await ids(agentId="a-1") == ["d-3"]
    assert await ids(userId="u-1", type="pick") == ["d-5"]
    assert await ids(outcome="success") == ["d-1"]
    assert await ids(outcome="unknown", sessionId="odd") == ["d-5", "d-3"]
    assert await ids(autonomous="true") == ["d-4"]
    assert await ids(autonomous="false", sessionId="even") == ["d-2", "d-0"]
    assert await ids(contextHash="h") == ["d-5", "d-0"]
    assert await ids(feature="odd", limit=2) == ["d-5", "d-3", "d-1"]
    assert await ids(feature=["all", "odd"], taskId="t-1") == ["d-1"]
    assert await ids(feature=["odd", "none"]) == []
    assert await ids(createdFrom="2026-01-01T00:02:00Z", createdTo="2026-01-01T00:04:00Z") == ["d-3", "d-2"]
    page = (await api.http.get("/api/decisions", params={"outcome": "success"})).json()
    assert page["items"][0] == (await api.http.get("/api/decisions/get/d-1")).json()


@pytest.mark.parametrize("query", [{"outcome": "good"}, {"autonomous": "maybe"}, {"limit": 1001}, {"cursor": "x"}])
async def test_a_list_that_breaks_a_rule_is_refused(api: Api, query: dict[str, Any]) -> None:
    asking = api.http.get("/api/decisions", params=query)
    assert places(await refused(api, asking, 422, "invalid-input")) == set(query)
