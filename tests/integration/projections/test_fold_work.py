"""Sessions and tasks in the read model are what the log says, row for row, however the log was cut into batches.

Compared with a fold written by hand, which shares no code with what it checks, over a random load.
"""

import copy
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import jsonpatch
import msgspec
import pytest

from application.contexts import ContextRef
from domain.contexts.commands import DeleteContext, StoreContext, UpdateContext
from domain.contexts.events import AttributeChanges, Attributes
from domain.errors import ContextlineError
from domain.recorded import Event, Origin, Recorded
from domain.sessions.commands import (
    CreateSession,
    DeleteSession,
    EndSession,
    PauseSession,
    ResumeSession,
    UpdateSession,
)
from domain.tasks.commands import CancelTask, CompleteTask, CreateTask, FailTask, RetryTask, StartTask, UpdateTask
from domain.tasks.events import TaskChanges, TaskDetails
from domain.values import identical
from infrastructure.payloads.codec import Codec
from interfaces.bootstrap import Services
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import open_api
from tests.integration.projections.reading import catch_up, fetch, forget

NOBODY = Origin()
_anything = msgspec.msgpack.Decoder()

STATUSES = {
    "SessionPaused": "paused",
    "SessionResumed": "active",
    "SessionCompleted": "completed",
    "SessionFailed": "failed",
    "SessionExpired": "expired",
    "SessionDeleted": "deleted",
    "TaskStarted": "in_progress",
    "TaskCompleted": "completed",
    "TaskFailed": "failed",
    "TaskCancelled": "cancelled",
    "TaskRetried": "pending",
}


def given(struct: Any) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(struct).items() if value is not msgspec.UNSET}


def fold(events: Sequence[Recorded[Event]]) -> dict[str, dict[Any, dict[str, Any]]]:
    """What the rows must be."""
    sessions: dict[Any, dict[str, Any]] = {}
    tasks: dict[Any, dict[str, Any]] = {}
    for recorded in events:
        event, stream, at = recorded.event, recorded.stream_id, recorded.recorded_at
        kind, told = type(event).__name__, given(event)
        here = {"version": recorded.version, "position": recorded.position, "updated_at": at}
        if kind.startswith("Session"):
            _session(sessions, recorded, kind, told, here)
        else:
            active = next((row for row in sessions.values() if row["session_id"] == recorded.origin.session_id), None)
            if active and (active["timeout"] is None or at < _expiry(active)):
                active["last_active_at"] = at
        if kind == "TaskCreated":
            tasks[stream] = {"created_position": recorded.position, "task_id": told["task_id"]}
            tasks[stream] |= {"session_id": told["session_id"], "status": "pending"}
            details = {**msgspec.structs.asdict(told["details"])}
            tasks[stream]["document"] = {
                **here, "stream_id": str(stream), "id": told["task_id"], "session_id": told["session_id"],
                "user_id": told["user_id"], "details": details, "result": None, "error": None, "reason": None,
                "retry_count": 0, "created_at": at, "started_at": None, "completed_at": None, "encrypted": False,
            }  # fmt: skip
        elif kind == "TaskUpdated":
            tasks[stream]["document"] |= here
            tasks[stream]["document"]["details"] |= given(told["changes"])
        elif kind.startswith("Task"):
            row, document = tasks[stream], tasks[stream]["document"]
            row["status"] = STATUSES[kind]
            document |= {**here, "reason": told["reason"]}
            if kind in ("TaskCompleted", "TaskFailed", "TaskCancelled"):
                document["completed_at"] = at
            if kind == "TaskStarted":
                document["started_at"] = at
            if kind == "TaskRetried":
                document |= {"started_at": None, "completed_at": None, "retry_count": document["retry_count"] + 1}
            if kind == "TaskCompleted":
                document |= {"result": told["result"], "error": None}
            if kind == "TaskFailed":
                document["error"] = told["error"]
    for stream, row in [*sessions.items(), *tasks.items()]:
        row |= {"tenant_id": 1, "stream_id": stream}
        row["document"]["status"] = row["status"]
    for row in sessions.values():
        row["expires_at"] = _expiry(row)
        row["user_id"] = row["document"]["user_id"]
        row["document"]["timeout"] = row["timeout"]
    for row in tasks.values():
        details = row["document"]["details"]
        row |= {name: details[name] for name in ("type", "parent_id", "project")} | {"files": list(details["files"])}
        row["code_area"] = details["code_area"] and details["code_area"].rstrip("/")
        # Left out where it has its default.
        defaults = {"type": "generic", "description": "", "parent_id": None, "dependencies": (), "files": ()}
        defaults |= {"project": None, "code_area": None, "priority": 5, "parameters": {}}
        row["document"]["details"] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in details.items()
            if value != defaults[name]
        }
    return {"sessions": sessions, "tasks": tasks}


def _expiry(row: dict[str, Any]) -> Any:
    return None if row["timeout"] is None else row["last_active_at"] + timedelta(seconds=row["timeout"])


def _session(
    sessions: dict[Any, dict[str, Any]], recorded: Recorded[Event], kind: str, told: dict[str, Any], here: Any
) -> None:
    at, stream = recorded.recorded_at, recorded.stream_id
    if kind == "SessionCreated":
        document = {
            **here, "stream_id": str(stream), "id": told["session_id"], "outcome": {}, "user_id": told["user_id"],
            "data": told["data"], "metadata": told["metadata"], "reason": None, "encrypted": False, "created_at": at,
            "branched_from": told["branched_from"],
            "ended_at": None,
        }  # fmt: skip
        sessions[stream] = {"created_position": recorded.position, "created_at": at, "document": document}
        sessions[stream] |= {"session_id": told["session_id"], "status": "active", "timeout": told["timeout"]}
        sessions[stream]["last_active_at"] = at
        return
    row, document = sessions[stream], sessions[stream]["document"]
    document |= here
    if kind == "SessionUpdated":
        document["data"] = jsonpatch.JsonPatch(told["patch"]).apply(copy.deepcopy(document["data"]))
        document["metadata"] = told.get("metadata", document["metadata"])
        row["timeout"] = told.get("timeout", row["timeout"])
    else:
        row["status"] = STATUSES[kind]
        document["reason"] = told.get("reason")
    if kind in ("SessionCompleted", "SessionFailed"):
        document |= {"outcome": told["outcome"], "ended_at": at}
    if kind == "SessionExpired":
        document["ended_at"] = told["expired_at"]
        return
    if kind == "SessionDeleted":
        document |= {"data": {}, "metadata": {}, "outcome": {}, "ended_at": document["ended_at"] or at}
    row["last_active_at"] = at


async def found(url: str) -> dict[str, dict[Any, dict[str, Any]]]:
    """The rows, documents decoded."""
    tables: dict[str, dict[Any, dict[str, Any]]] = {}
    for table in ("sessions", "tasks"):
        rows = await fetch(url, f"SELECT * FROM current_state_v1.{table}")
        for row in rows:
            row["document"] = Codec().unpack(row["document"], _anything)
        tables[table] = {row["stream_id"]: row for row in rows}
    return tables


def assert_same(rows: dict[str, dict[Any, dict[str, Any]]], expected: dict[str, dict[Any, dict[str, Any]]]) -> None:
    for table, wanted in expected.items():
        assert rows[table].keys() == wanted.keys()
        for key, row in wanted.items():
            assert rows[table][key].keys() == row.keys()
            for column, value in row.items():
                assert identical(rows[table][key][column], value), (table, key, column, rows[table][key][column], value)


class Load:
    """Commands on sessions, their contexts and their tasks, from a seed."""

    def __init__(self, seed: int, services: Services, clock: MovableClock) -> None:
        self._rng, self._services, self._clock = random.Random(seed), services, clock

    async def run(self, commands: int) -> None:
        done = tried = 0
        while done < commands and tried < 20 * commands:
            tried += 1
            try:
                await self._one()
                done += 1
            except ContextlineError:
                continue

    async def _one(self) -> None:
        rng, services = self._rng, self._services
        self._clock.advance(rng.choice([0, 0.000001, 1, 4]))
        session, task = f"s{rng.randrange(12)}", f"t{rng.randrange(20)}"
        origin = Origin(session_id=rng.choice([None, session]), agent_id="a")
        match rng.choice(
            ["begin", "begin", "session", "session", "context", "context", "make", "make", "task", "task"]
        ):
            case "begin":
                timeout = rng.choice([None, 10, 60])
                begun = CreateSession(
                    session_id=session, user_id=rng.choice([None, "u"]), data={"n": 0}, timeout=timeout
                )
                await services.sessions.create("default", begun, origin)
            case "session":
                await self._session(session, origin)
            case "context":
                await self._context(session, origin)
            case "make":
                details = TaskDetails(**self._details())
                command = CreateTask(task_id=task, session_id=session, details=details)
                await services.tasks.create("default", command, origin)
            case "task":
                await self._task(task, origin)

    async def _session(self, session: str, origin: Origin) -> None:
        rng, sessions = self._rng, self._services.sessions
        # None of these asks the read model, which doesn't follow here: it is said to be alive by its own events.
        match rng.choice(["update", "timeout", "pause", "resume", "end", "delete"]):
            case "update":
                update = UpdateSession(data={"n": rng.randrange(9)}, change_type="increment", metadata={"m": "x" * 20})
                await sessions.update("default", session, update, origin)
            case "timeout":
                changed = UpdateSession(timeout=rng.choice([None, 5, 60]), reason="why")
                await sessions.update("default", session, changed, origin)
            case "pause":
                await sessions.pause("default", session, PauseSession(reason="lunch"), origin)
            case "resume":
                await sessions.resume("default", session, ResumeSession(), origin)
            case "end" if rng.random() < 0.3:
                ended = EndSession(status=rng.choice(["completed", "failed"]), outcome={"o": 1}, reason="r")
                await sessions.end("default", session, ended, origin)
            case "delete" if rng.random() < 0.3:
                await sessions.delete("default", session, DeleteSession(reason="tidy"), origin)

    async def _context(self, session: str, origin: Origin) -> None:
        rng, contexts = self._rng, self._services.contexts
        ref = ContextRef("default", "", f"k{rng.randrange(6)}")
        match rng.choice(["store", "update", "move", "delete"]):
            case "store":
                attributes = Attributes(session_id=rng.choice([None, session]))
                await contexts.store(
                    ref, StoreContext(namespace="", key=ref.key, data=1, attributes=attributes), origin
                )
            case "update":
                await contexts.update(ref, UpdateContext(data=2), NOBODY)
            case "move":
                await contexts.update(ref, UpdateContext(attributes=AttributeChanges(session_id=session)), NOBODY)
            case "delete":
                await contexts.delete(ref, DeleteContext(), NOBODY)

    def _details(self) -> dict[str, Any]:
        rng = self._rng
        possible = {
            "type": rng.choice(["edit", "é"]),
            "description": "d" * rng.randrange(3_000),
            "parent_id": f"t{rng.randrange(20)}",
            "dependencies": (f"t{rng.randrange(20)}",),
            "files": ("src/a.py", "{'\"}"),
            "project": "p",
            "code_area": rng.choice(["src/", "src/deep", "/"]),
            "priority": rng.randrange(-9, 9),
            "parameters": {"p": [1, None]},
        }
        return {name: value for name, value in possible.items() if rng.random() < 0.2}

    async def _task(self, task: str, origin: Origin) -> None:
        rng, tasks = self._rng, self._services.tasks
        match rng.choice(["update", "start", "start", "complete", "fail", "cancel", "retry"]):
            case "update":
                changes = TaskChanges(**self._details())
                await tasks.update("default", task, UpdateTask(changes=changes), origin)
            case "start":
                await tasks.start("default", task, StartTask(), origin)
            case "complete":
                await tasks.complete("default", task, CompleteTask(result={"r": [1.0, None]}, reason="done"), origin)
            case "fail":
                await tasks.fail("default", task, FailTask(error="e", reason="broke"), origin)
            case "cancel" if rng.random() < 0.3:
                await tasks.cancel("default", task, CancelTask(), origin)
            case "retry":
                await tasks.retry("default", task, RetryTask(), origin)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_rows_are_what_a_fold_of_the_log_gives_however_the_log_is_cut(
    database_url: str, clock: MovableClock, seed: int
) -> None:
    # No read model follows: a session that seems to have expired can do nothing but be refused, at once.
    async with open_api(database_url, clock, read_timeout=0.001) as api:
        await Load(seed, api.services, clock).run(250)
        await catch_up(database_url, clock, await api.log_end())
        await api.services.sessions.expire_due("default")
        expected = fold(await api.services.store.reader.log(0, 10_000))
        assert len(expected["sessions"]) > 5
        assert len(expected["tasks"]) > 5
        kinds = {type(event.event).__name__ for event in await api.services.store.reader.log(0, 10_000)}
        assert len(kinds) > 12
        for batch in (1, 7, 1_000):
            await forget(database_url)
            await catch_up(database_url, clock, await api.log_end(), batch=batch)
            assert_same(await found(database_url), expected)


async def test_the_rows_are_right_at_every_position_on_the_way(database_url: str, clock: MovableClock) -> None:
    async with open_api(database_url, clock, read_timeout=0.001) as api:
        load = Load(4, api.services, clock)
        for _ in range(6):
            await load.run(10)
            await catch_up(database_url, clock, await api.log_end(), batch=3)
            assert_same(await found(database_url), fold(await api.services.store.reader.log(0, 10_000)))
