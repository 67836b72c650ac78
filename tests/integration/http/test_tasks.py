"""Tasks by HTTP: their steps, what they depend on, and the session that they are in."""

from typing import Any

import pytest

from domain.tasks.lifecycle import STEPS, TRANSITIONS
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, places, refused
from tests.integration.http.session_calls import begin, done
from tests.integration.http.task_calls import create, look, made, step, took

INTO: dict[str, list[str]] = {
    "pending": [],
    "in_progress": ["start"],
    "completed": ["start", "complete"],
    "failed": ["start", "fail"],
    "cancelled": ["cancel"],
}
BODY: dict[str, dict[str, Any]] = {"update": {"priority": 1}}


async def test_a_task_begins_pending_and_is_read_as_it_began(api: Api) -> None:
    await begin(api, userId="ada")
    await made(api, "whole")
    details = {
        "type": "edit",
        "description": "Fix the parser",
        "parentId": "whole",
        "dependencies": ["whole"],
        "files": ["src/parser.py", "tests/é.py"],
        "project": "compiler",
        "codeArea": "src",
        "priority": 9,
        "parameters": {"lines": [1, 2.5, None]},
    }
    answer = await create(api, "t", **details)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert answer.json() == {
        "id": "t",
        "sessionId": "s",
        "status": "pending",
        **details,
        "result": None,
        "error": None,
        "reason": None,
        "retryCount": 0,
        "encrypted": False,
        "version": 1,
        "position": await api.log_end(),
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
        "startedAt": None,
        "completedAt": None,
        "duration": None,
    }
    assert await look(api, "t") == answer.json()


async def test_what_is_left_out_has_its_default_and_an_id_is_made(api: Api) -> None:
    await begin(api)
    one, other = await made(api), await made(api)
    assert one["id"].startswith("task_")
    assert one["id"] != other["id"]
    assert (one["type"], one["description"], one["priority"], one["dependencies"]) == ("generic", "", 5, [])


@pytest.mark.parametrize("status", INTO)
async def test_each_step_is_taken_or_refused_as_the_table_says(api: Api, status: str) -> None:
    await begin(api)
    for name in STEPS:
        task_id = f"{status} {name}"
        await made(api, task_id)
        for before in INTO[status]:
            await took(api, before, task_id)
        to = TRANSITIONS[status].get(name)
        if to is None:
            asking = step(api, name, task_id, **BODY.get(name, {}))
            problem = await refused(api, asking, 409, "illegal-transition")
            assert problem["currentStatus"] == status
            assert set(problem["allowed"]) == set(TRANSITIONS[status].values()) - {status}
        else:
            assert (await took(api, name, task_id, **BODY.get(name, {})))["status"] == to
            assert (await look(api, task_id))["status"] == to


async def test_a_task_tells_how_long_it_took_and_what_came_of_it(api: Api, clock: MovableClock) -> None:
    await begin(api)
    await made(api, "t")
    clock.advance(10)
    started = await took(api, "start", "t")
    assert (started["startedAt"], started["completedAt"], started["duration"]) == ("2026-01-01T00:00:10Z", None, None)
    clock.advance(2.5)
    completed = await took(api, "complete", "t", result={"lines": 3}, reason="done")
    assert (completed["completedAt"], completed["duration"]) == ("2026-01-01T00:00:12.500000Z", 2.5)
    assert (completed["result"], completed["reason"], completed["version"]) == ({"lines": 3}, "done", 3)


async def test_a_task_that_failed_can_be_tried_again_and_tells_how_often_it_was(api: Api, clock: MovableClock) -> None:
    await begin(api)
    await made(api, "t")
    for count in (1, 2):
        await took(api, "start", "t")
        clock.advance(1)
        failed = await took(api, "fail", "t", error={"code": 7, "trace": ["a"]}, reason="it broke")
        assert (failed["status"], failed["error"], failed["reason"]) == (
            "failed",
            {"code": 7, "trace": ["a"]},
            "it broke",
        )
        again = await took(api, "retry", "t")
        assert (again["status"], again["retryCount"], again["startedAt"], again["duration"]) == (
            "pending",
            count,
            None,
            None,
        )
        # What went wrong the last time is there for whoever tries again.
        assert again["error"] == {"code": 7, "trace": ["a"]}
    await took(api, "start", "t")
    assert (await took(api, "complete", "t"))["error"] is None


async def test_an_id_is_used_once(api: Api) -> None:
    await begin(api)
    await made(api, "t")
    assert (await refused(api, create(api, "t"), 409, "already-exists"))["currentVersion"] == 1


async def test_a_stale_version_is_409_in_the_body_and_412_in_the_header(api: Api) -> None:
    await begin(api)
    await made(api, "t")
    await refused(api, step(api, "start", "t", expectedVersion=4), 409, "version-conflict")
    await refused(api, step(api, "start", "t", headers={"If-Match": '"4"'}), 412, "precondition-failed")
    assert (await step(api, "start", "t", headers={"If-Match": '"1"'})).status_code == 200


async def test_what_was_never_created_is_404(api: Api) -> None:
    await refused(api, api.http.get("/api/tasks/get/no"), 404, "task-not-found")
    for name in STEPS:
        await refused(api, step(api, name, "no", **BODY.get(name, {})), 404, "task-not-found")
    await refused(api, create(api, "t", "no-session"), 404, "session-not-found")


async def test_a_task_is_created_in_a_session_that_is_active_or_paused_alone(api: Api, clock: MovableClock) -> None:
    await begin(api, "paused")
    await done(api, "pause", "paused")
    await made(api, "t", "paused")
    for name in ("complete", "fail"):
        await begin(api, name)
        await done(api, name, name)
        problem = await refused(api, create(api, None, name), 409, "session-status")
        assert (problem["sessionId"], problem["needed"]) == (name, ["active", "paused"])
        assert problem["currentStatus"] in problem["detail"]
    await begin(api, "gone")
    await done(api, "delete", "gone")
    await refused(api, create(api, None, "gone"), 404, "session-not-found")


async def test_no_task_is_created_or_started_in_a_session_that_has_expired(
    api: Api, projection: object, clock: MovableClock
) -> None:
    await begin(api, timeout=60)
    await made(api, "t")
    clock.advance(59)
    # A command on a task is one in its session.
    await took(api, "update", "t", priority=1)
    clock.advance(59)
    await made(api, "other")
    clock.advance(60)
    assert (await refused(api, create(api), 409, "session-status"))["currentStatus"] == "expired"
    assert (await refused(api, step(api, "start", "t"), 409, "session-status"))["needed"] == ["active"]
    # What is to be done no more can be told all the same.
    assert (await took(api, "cancel", "t"))["status"] == "cancelled"


async def test_in_a_paused_session_nothing_is_started_and_what_is_going_on_can_end(api: Api) -> None:
    await begin(api)
    await made(api, "one")
    await made(api, "two")
    await took(api, "start", "one")
    await done(api, "pause")
    assert (await refused(api, step(api, "start", "two"), 409, "session-status"))["currentStatus"] == "paused"
    await took(api, "fail", "one")
    await took(api, "retry", "one")
    await done(api, "resume")
    await took(api, "start", "one")


async def test_a_task_starts_when_all_that_it_depends_on_is_completed(api: Api) -> None:
    await begin(api)
    for name in ("a", "b", "c"):
        await made(api, name)
    await made(api, "t", dependencies=["a", "b", "c"])
    await took(api, "start", "a")
    await took(api, "complete", "a")
    await took(api, "start", "b")
    await took(api, "fail", "b")
    problem = await refused(api, step(api, "start", "t"), 409, "dependencies-not-met")
    assert problem["dependencies"] == [{"id": "b", "status": "failed"}, {"id": "c", "status": "pending"}]
    await took(api, "cancel", "c")
    await took(api, "retry", "b")
    await took(api, "start", "b")
    await took(api, "complete", "b")
    problem = await refused(api, step(api, "start", "t"), 409, "dependencies-not-met")
    assert problem["dependencies"] == [{"id": "c", "status": "cancelled"}]
    # What will never be done is taken off the list.
    await took(api, "update", "t", dependencies=["a", "b"])
    assert (await took(api, "start", "t"))["status"] == "in_progress"


async def test_a_task_names_tasks_of_its_own_session_alone(api: Api) -> None:
    await begin(api)
    await begin(api, "other")
    await made(api, "elsewhere", "other")
    await made(api, "here")
    asking = create(api, "t", dependencies=["here", "elsewhere", "no"], parentId="no")
    problem = await refused(api, asking, 422, "invalid-input")
    assert places(problem) == {"/dependencies/1", "/dependencies/2", "/parentId"}
    problem = await refused(api, create(api, "t", dependencies=["t"]), 422, "invalid-input")
    assert places(problem) == {"/dependencies/0"}
    problem = await refused(api, step(api, "update", "here", parentId="elsewhere"), 422, "invalid-input")
    assert places(problem) == {"/parentId"}


async def test_tasks_don_t_go_in_a_circle(api: Api) -> None:
    await begin(api)
    await made(api, "a")
    await made(api, "b", dependencies=["a"], parentId="a")
    await made(api, "c", dependencies=["b"], parentId="b")
    problem = await refused(api, step(api, "update", "a", dependencies=["c"]), 409, "task-cycle")
    assert problem["cycle"] == ["a", "c", "b", "a"]
    assert "a → c → b → a" in problem["detail"]
    problem = await refused(api, step(api, "update", "a", parentId="c"), 409, "task-cycle")
    assert "be a part of itself" in problem["detail"]
    for name in ("dependencies", "parentId"):
        named: Any = "a" if name == "parentId" else ["a"]
        assert (await refused(api, step(api, "update", "a", **{name: named}), 409, "task-cycle"))["cycle"] == ["a", "a"]
    # Two graphs: a part may wait for the whole's other parts, and be waited for by it.
    assert (await took(api, "update", "c", parentId=None, dependencies=[]))["parentId"] is None
    await took(api, "update", "a", dependencies=["c"], parentId="c")


async def test_an_update_changes_what_it_names_and_nothing_else(api: Api) -> None:
    await begin(api)
    await made(api, "t", description="before", files=["a"], parameters={"a": 1}, codeArea="src")
    changed = await took(api, "update", "t", description="after", files=[], codeArea=None, reason="asked for")
    assert (changed["description"], changed["files"], changed["codeArea"]) == ("after", [], None)
    assert (changed["parameters"], changed["priority"], changed["version"]) == ({"a": 1}, 5, 2)
    await refused(api, step(api, "update", "t", reason="nothing"), 422, "invalid-input")


async def test_completing_a_task_leaves_its_open_children_as_they_are(api: Api) -> None:
    await begin(api)
    await made(api, "whole")
    await made(api, "part", parentId="whole")
    await took(api, "start", "whole")
    assert (await took(api, "complete", "whole"))["status"] == "completed"
    assert (await look(api, "part"))["status"] == "pending"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"priority": 2.5}, "/priority"),
        ({"priority": 2**31}, "/priority"),
        ({"dependencies": "a"}, "/dependencies"),
        ({"dependencies": ["a\n"]}, "/dependencies/0"),
        ({"dependencies": ["x"] * 257}, "/dependencies"),
        ({"files": [""]}, "/files/0"),
        ({"files": ["x" * 513]}, "/files/0"),
        ({"codeArea": "a\0"}, "/codeArea"),
        ({"parameters": []}, "/parameters"),
        ({"id": ""}, "/id"),
        ({"status": "completed"}, "/status"),
        ({"type": None}, "/type"),
    ],
)
async def test_what_breaks_a_rule_is_named(api: Api, body: dict[str, Any], place: str) -> None:
    await begin(api)
    asking = api.http.post("/api/tasks", json={"sessionId": "s", **body})
    assert places(await refused(api, asking, 422, "invalid-input")) == {place}


async def test_who_asked_and_in_which_session_is_in_the_log(api: Api) -> None:
    await begin(api)
    await made(api, "t", agentId="planner", changedBy="ada", causationId="c", correlationId="k")
    await took(api, "start", "t", agentId="worker")
    _, created, started = await api.services.store.reader.log(0, 10)
    assert (created.origin.actor, created.origin.agent_id, created.origin.session_id) == ("ada", "planner", "s")
    assert (created.origin.causation_id, created.origin.correlation_id) == ("c", "k")
    assert (started.origin.agent_id, started.origin.session_id) == ("worker", "s")
