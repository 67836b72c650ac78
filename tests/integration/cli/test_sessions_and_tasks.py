"""`contextline sessions` and `contextline tasks`, against a server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from interfaces.cli.main import app
from tests.fixtures.http import Api, projection, server

__all__ = ["projection", "server"]

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(server: Api) -> Run:
    """A command, in a thread of its own: the server runs in the test's."""
    address = str(server.http.base_url)

    async def invoke(*arguments: str, fails: int = 0) -> Result:
        done = await asyncio.to_thread(CliRunner().invoke, app, arguments, env={"CONTEXTLINE_URL": address})
        assert done.exit_code == fails, (done.output, done.stderr)
        return done

    return invoke


async def told(run: Run, *arguments: str) -> Any:
    return json.loads((await run(*arguments, "--json")).stdout)


async def test_a_session_is_taken_through_its_life(run: Run, projection: object) -> None:
    begun = await told(
        run, "sessions", "create", "s", "--user", "ada", "--data", '{"n": 1}', "--timeout", "60", "--agent", "planner"
    )
    assert (begun["status"], begun["timeout"], begun["data"]) == ("active", 60, {"n": 1})
    assert (await told(run, "sessions", "update", "s", '{"n": 2}', "--change", "increment"))["data"] == {"n": 3}
    assert (await told(run, "sessions", "update", "s", "--timeout", "never"))["expiresAt"] is None
    paused = await told(run, "sessions", "pause", "s", "--reason", "lunch", "--expected-version", "3")
    assert (paused["status"], paused["reason"]) == ("paused", "lunch")
    shown = (await run("sessions", "show", "s")).output
    assert all(word in shown for word in ("paused", "version 4", "ada", "lunch"))
    assert (await told(run, "sessions", "resume", "s"))["status"] == "active"
    assert (await told(run, "sessions", "complete", "s", "--outcome", '{"ok": true}'))["outcome"] == {"ok": True}
    refusal = await run("sessions", "pause", "s", fails=1)
    assert "is completed; from there the next can be: deleted" in refusal.stderr
    assert [item["id"] for item in (await told(run, "sessions", "--status", "completed"))["items"]] == ["s"]
    assert "completed" in (await run("sessions", "list")).output
    assert "its history stays" in (await run("sessions", "delete", "s")).output
    assert [item["id"] for item in (await told(run, "sessions", "--status", "deleted"))["items"]] == ["s"]
    await told(run, "sessions", "create", "other")
    assert (await told(run, "sessions", "fail", "other"))["status"] == "failed"


async def test_tasks_are_planned_and_done(run: Run, projection: object) -> None:
    await run("sessions", "create", "s")
    whole = ("tasks", "create", "s", "Fix the parser", "--id", "whole", "--area", "src", "--file", "src/a.py")
    assert (await told(run, *whole))["files"] == ["src/a.py"]
    part = ("tasks", "create", "s", "Read it", "--id", "part", "--parent", "whole", "--priority", "9", "--type", "read")
    assert (await told(run, *part))["parentId"] == "whole"
    assert (await told(run, "tasks", "update", "whole", "--after", "part"))["dependencies"] == ["part"]
    assert "'part' is pending" in (await run("tasks", "start", "whole", fails=1)).stderr
    assert "part → whole → part" in (await run("tasks", "update", "part", "--after", "whole", fails=1)).stderr
    await run("tasks", "start", "part", "--agent", "reader")
    failed = await told(run, "tasks", "fail", "part", '{"code": 7}', "--reason", "it broke")
    assert (failed["error"], failed["reason"]) == ({"code": 7}, "it broke")
    assert (await told(run, "tasks", "retry", "part"))["retryCount"] == 1
    await run("tasks", "start", "part")
    assert (await told(run, "tasks", "complete", "part", '["read"]'))["result"] == ["read"]
    shown = (await run("tasks", "show", "part")).output
    assert all(word in shown for word in ("completed", "Read it", "whole", "retries"))
    assert (await told(run, "tasks", "cancel", "whole", "--reason", "no need"))["status"] == "cancelled"
    tree = (await run("tasks", "tree", "s")).output.splitlines()
    assert [line.split("  ")[-1] for line in tree] == ["Fix the parser", "Read it"]
    assert tree[1].startswith("  part")
    assert [item["depth"] for item in (await told(run, "tasks", "tree", "s"))["items"]] == [0, 1]
    assert [item["id"] for item in (await told(run, "tasks", "--session", "s"))["items"]] == ["whole", "part"]
    assert [item["id"] for item in (await told(run, "tasks", "list", "--status", "completed"))["items"]] == ["part"]
    assert "Fix the parser" in (await run("tasks", "--file", "src/a.py")).output


async def test_what_a_command_can_not_mean_is_a_matter_of_usage(run: Run) -> None:
    assert "seconds, or never" in (await run("sessions", "update", "s", "--timeout", "soon", fails=2)).stderr
    await run("tasks", "start", fails=2)
    assert "no task with that id" in (await run("tasks", "show", "t", fails=1)).stderr


async def test_a_session_is_reconstructed(run: Run, projection: object, server: Api) -> None:
    await told(run, "sessions", "create", "s", "--user", "ada")
    await server.stored("plan", {"text": "go"}, sessionId="s")
    await server.http.post("/api/decisions", json={"sessionId": "s", "decision": "left", "type": "way"})
    end = await server.log_end()
    assert (await server.http.get("/api/sessions", params={"minPosition": end})).is_success
    made = await told(run, "sessions", "reconstruct", "s")
    assert (made["session"]["id"], [item["key"] for item in made["relevant"]]) == ("s", ["plan"])
    shown = (await run("sessions", "reconstruct", "s")).output
    assert all(word in shown for word in ("active", "plan", "way", "left"))
    assert "no session" in (await run("sessions", "reconstruct", "none", fails=1)).stderr
