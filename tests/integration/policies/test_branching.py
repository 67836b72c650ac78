"""A session is branched: a new one with copies of what belonged to it at a point in its history."""

from typing import Any

import pytest

from domain.recorded import stream_id
from domain.tasks.copying import copy_id
from tests.fixtures.http import Api, places, refused, running_projection
from tests.integration.policies.acting import TENANT, Policed, history, running_policies, settled


async def branched(policed: Policed, source: str = "s-1", **body: Any) -> Any:
    async with running_policies(policed.url, policed.clock):
        answer = await policed.api.http.post("/api/sessions/branch", json={"sessionId": source, "timeout": 60} | body)
        assert answer.status_code == 201, answer.text
        assert answer.json()["complete"] is True
        return answer.json()


async def found(api: Api, session: str) -> dict[tuple[str, str], Any]:
    """The live contexts of a session by namespace and key, from the log."""
    log = await api.services.store.reader.log(0, 10_000)
    places_seen = {
        (recorded.event.namespace, recorded.event.key)
        for recorded in log
        if hasattr(recorded.event, "namespace") and hasattr(recorded.event, "attributes")
    }
    contexts = {}
    for namespace, key in places_seen:
        answer = await api.get(key, namespace=namespace)
        if answer.status_code == 200 and answer.json()["sessionId"] == session:
            contexts[namespace, key] = answer.json()["data"]
    return contexts


async def test_a_branch_has_the_contexts_of_its_session_in_its_own_namespace(policed: Policed) -> None:
    api = policed.api
    created = await api.http.post(
        "/api/sessions",
        json={"id": "s-1", "userId": "u", "data": {"goal": 1}, "metadata": {"m": 2}, "timeout": 77},
    )
    await api.stored("a", {"n": 1}, sessionId="s-1", tags=["t"], agentId="ag", type="note", ttl=500)
    await api.stored("b", [1], sessionId="s-1", namespace="deep/er")
    await api.stored("elsewhere", 1, sessionId="s-2")
    end = await api.log_end()
    branch = await branched(policed, newSessionId="b-1", changedBy="me", correlationId="corr")
    assert branch["id"] == "b-1"
    assert branch["status"] == "active"
    assert (branch["userId"], branch["data"], branch["metadata"], branch["timeout"]) == ("u", {"goal": 1}, {"m": 2}, 77)
    assert branch["branchedFrom"]["sessionId"] == "s-1"
    assert branch["branchedFrom"]["position"] == end
    assert branch["branchedFrom"]["at"] == created.json()["createdAt"]
    assert branch["version"] == 1
    assert await found(api, "b-1") == {("b-1", "a"): {"n": 1}, ("b-1", "b"): [1]}
    copy = await api.got("a", namespace="b-1")
    assert (copy["tags"], copy["agentId"], copy["type"], copy["version"]) == (["t"], "ag", "note", 1)
    assert await found(api, "s-1") == {("", "a"): {"n": 1}, ("deep/er", "b"): [1]}
    (change,) = [entry for entry in await history(api, "a", namespace="b-1") if not entry["ancestor"]]
    assert (change["actor"], change["correlationId"]) == ("policy:session-branched", "corr")
    assert change["causationId"] == f"evt_{end + 1}"
    assert change["details"]["parent"]["key"] == "a"
    assert branch["position"] == await api.log_end()


async def test_a_branch_at_a_position_has_what_was_there_then_whatever_became_of_it(policed: Policed) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    await api.stored("changed", 1, sessionId="s-1")
    await api.stored("deleted", 1, sessionId="s-1")
    await api.stored("moved", 1, sessionId="s-1")
    await api.stored("arrived", 1)
    await api.stored("replaced", 1, sessionId="s-1")
    position = await api.log_end()
    await api.updated("changed", 2)
    await api.delete("deleted")
    await api.updated("moved", 2, sessionId="s-2")
    await api.updated("arrived", 2, sessionId="s-1")
    await api.delete("replaced")
    await api.stored("replaced", 2, sessionId="s-1")
    await api.stored("later", 1, sessionId="s-1")
    await branched(policed, newSessionId="then", position=position)
    await branched(policed, newSessionId="now")
    then = {"changed": 1, "deleted": 1, "moved": 1, "replaced": 1}
    assert await found(api, "then") == {("then", key): data for key, data in then.items()}
    now = {"changed": 2, "arrived": 2, "replaced": 2, "later": 1}
    assert await found(api, "now") == {("now", key): data for key, data in now.items()}


async def test_a_branch_at_an_instant_has_what_lived_at_that_instant(policed: Policed) -> None:
    api, clock = policed.api, policed.clock
    await policed.sessions.create("s-1")
    await api.stored("short", 1, sessionId="s-1", ttl=10)
    await api.stored("long", 1, sessionId="s-1", ttl=1_000)
    clock.advance(5)
    early = clock()
    clock.advance(15)
    late = clock()
    await api.updated("long", 2)
    clock.advance(1)
    await branched(policed, newSessionId="early", asOf=early.isoformat())
    await branched(policed, newSessionId="late", asOf=late.isoformat())
    assert await found(api, "early") == {("early", "short"): 1, ("early", "long"): 1}
    assert await found(api, "late") == {("late", "long"): 2}


async def test_a_session_that_was_deleted_can_be_branched_where_it_was_not(policed: Policed) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    await api.stored("k", 1, sessionId="s-1")
    position = await api.log_end()
    await policed.sessions.delete("s-1")
    await policed.catch_up()
    await branched(policed, newSessionId="b-1", position=position)
    assert await found(api, "b-1") == {("b-1", "k"): 1}
    await refused(api, branching(api, newSessionId="b-2"), 404, "session-not-found")


async def test_contexts_of_one_key_and_several_namespaces_all_are_in_the_branch(policed: Policed) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    await api.stored("context", "own", sessionId="s-1", namespace="s-1")
    await api.stored("context", "none", sessionId="s-1")
    await api.stored("context", "n", sessionId="s-1", namespace="n")
    await api.stored("other", "n", sessionId="s-1", namespace="n")
    await branched(policed, newSessionId="b")
    assert await found(api, "b") == {
        ("b", "context"): "own",
        ("b/", "context"): "none",
        ("b/n", "context"): "n",
        ("b", "other"): "n",
    }


async def test_a_branch_can_be_branched_and_the_two_go_their_own_ways(policed: Policed) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    await api.stored("k", {"n": 1}, sessionId="s-1")
    await branched(policed, newSessionId="b-1")
    await api.updated("k", {"n": 2}, namespace="b-1")
    await branched(policed, "b-1", newSessionId="b-2")
    await policed.sessions.delete("b-1")
    await policed.catch_up()
    assert await found(api, "s-1") == {("", "k"): {"n": 1}}
    assert await found(api, "b-1") == {}
    assert await found(api, "b-2") == {("b-2", "k"): {"n": 2}}


async def test_what_was_stored_under_the_new_session_meanwhile_is_not_written_over(policed: Policed) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    await api.stored("k", "old", sessionId="s-1")
    await api.stored("k", "mine", namespace="b-1")
    await branched(policed, newSessionId="b-1")
    assert (await api.got("k", namespace="b-1"))["data"] == "mine"


async def test_a_branch_of_a_session_without_contexts_is_complete(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    await policed.api.stored("gone", 1, sessionId="s-1", ttl=1)
    policed.clock.advance(2)
    await branched(policed, newSessionId="b-1")
    assert await found(policed.api, "b-1") == {}


async def test_without_the_policies_a_branch_says_that_it_is_not_complete_and_comes_to_be_so(policed: Policed) -> None:
    api = policed.api
    await policed.sessions.create("s-1")
    await api.stored("k", 1, sessionId="s-1")
    answer = await branching(api, newSessionId="b-1", timeout=0.01)
    assert answer.status_code == 201
    assert answer.json()["complete"] is False
    # What comes later is no part of it.
    await api.updated("k", 2)
    await api.delete("k")
    await policed.catch_up()
    assert await found(api, "b-1") == {("b-1", "k"): 1}


async def test_many_contexts_are_copied_in_steps_each_once(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    for number in range(120):
        await policed.api.stored(f"k{number}", number, sessionId="s-1")
    answer = await branching(policed.api, newSessionId="b-1", timeout=0.01)
    assert answer.status_code == 201
    await policed.catch_up(page=7)
    copies = await found(policed.api, "b-1")
    assert copies == {("b-1", f"k{number}"): number for number in range(120)}
    log = await policed.api.services.store.reader.log(0, 10_000)
    made = [recorded for recorded in log if recorded.origin.actor == "policy:session-branched"]
    assert len(made) == 120


@pytest.mark.parametrize(
    ("body", "status", "code", "place"),
    [
        ({"position": 10**6}, 409, "position-not-in-log", None),
        ({"position": -1}, 422, "invalid-input", "/position"),
        ({"position": "1"}, 422, "invalid-input", "/position"),
        ({"asOf": "2999-01-01T00:00:00Z"}, 422, "invalid-input", "/asOf"),
        ({"asOf": "yesterday"}, 422, "invalid-input", "/asOf"),
        ({"asOf": 12}, 422, "invalid-input", "/asOf"),
        ({"asOf": "2026-01-01T00:00:00Z", "position": 1}, 422, "invalid-input", "/position"),
        ({"newSessionId": "s-1"}, 422, "invalid-input", "/newSessionId"),
        ({"newSessionId": ""}, 422, "invalid-input", "/newSessionId"),
        ({"newSessionId": "taken"}, 409, "already-exists", None),
        ({"sessionId": "nobody"}, 404, "session-not-found", None),
        ({"sessionId": None}, 422, "invalid-input", "/sessionId"),
        ({"position": 0}, 404, "session-not-found", None),
        ({"asOf": "2001-01-01T00:00:00Z"}, 404, "session-not-found", None),
        ({"timeout": 0}, 422, "invalid-input", "/timeout"),
        ({"at": 1}, 422, "invalid-input", "/at"),
    ],
)
async def test_what_can_not_be_branched_is_refused_and_leaves_nothing(
    policed: Policed, body: dict[str, Any], status: int, code: str, place: str | None
) -> None:
    await policed.sessions.create("s-1")
    await policed.sessions.create("taken")
    problem = await refused(policed.api, branching(policed.api, **body), status, code)
    if place:
        assert place in places(problem)


async def test_a_branch_that_was_killed_half_way_goes_on_where_it_was(policed: Policed) -> None:
    await policed.sessions.create("s-1")
    for number in range(8):
        await policed.api.stored(f"k{number}", number, sessionId="s-1")
    await branching(policed.api, newSessionId="b-1", timeout=0.01)
    await policed.catch_up()
    before = await policed.api.log_end()
    # As after a restart of a process that did not get to write its position.
    await policed.forget_position()
    async with running_policies(policed.url, policed.clock):
        await settled(policed.url, policed.api.log_end)
    assert await policed.api.log_end() == before
    assert await policed.api.services.store.head(TENANT, stream_id(TENANT, "context\nb-1\nk0")) == 1


def branching(api: Api, **body: Any) -> Any:
    wanted = {"sessionId": "s-1"} | body
    return api.http.post("/api/sessions/branch", json=wanted)


async def test_tasks_are_copied_as_they_were_with_their_tree_and_what_they_wait_for(policed: Policed) -> None:
    http, clock = policed.api.http, policed.clock
    await policed.sessions.create("s-1", userId="u")

    async def post(path: str, **body: Any) -> Any:
        answer = await http.post(f"/api/tasks{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    await post("", id="root", sessionId="s-1", description="all", priority=7)
    await post("", id="first", sessionId="s-1", parentId="root")
    await post("", id="second", sessionId="s-1", parentId="root", dependencies=["first"], files=["a.py"])
    await post("/start/first")
    clock.advance(5)
    await post("/complete/first", result={"ok": 1})
    await post("/start/root")
    position = await policed.api.log_end()
    await post("/start/second")
    await post("", id="later", sessionId="s-1")
    await branched(policed, newSessionId="b-1", position=position)
    async with running_projection(policed.url, clock):
        query = {"sessionId": "b-1", "minPosition": await policed.api.log_end()}
        items = (await http.get("/api/tasks", params=query)).json()["items"]
    copies = {item["id"]: item for item in items}
    root, first, second = (copy_id("b-1", task_id) for task_id in ("root", "first", "second"))
    assert copies.keys() == {root, first, second}
    assert [copies[each]["status"] for each in (root, first, second)] == ["in_progress", "completed", "pending"]
    assert (copies[root]["description"], copies[root]["priority"]) == ("all", 7)
    assert (copies[first]["result"], copies[first]["duration"], copies[first]["parentId"]) == ({"ok": 1}, 5.0, root)
    assert (copies[second]["dependencies"], copies[second]["files"]) == ([first], ["a.py"])
    # They go on by themselves: what the copy waits for is the copy of what was completed.
    await post(f"/start/{second}")
    await policed.sessions.delete("s-1")
    await policed.catch_up()
    assert (await http.get(f"/api/tasks/get/{second}")).json()["status"] == "in_progress"
    assert (await http.get("/api/tasks/get/second")).json()["status"] == "cancelled"
