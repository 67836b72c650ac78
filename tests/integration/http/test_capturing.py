"""Captures through HTTP: what an agent saw becomes contexts, once."""

from typing import Any

import pytest

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, places, refused

PLAN = """import os
from src.tools import measure

class Plan:
    def run(self):
        return self.step() + measure(1)

    def step(self):
        return len(os.listdir("."))
"""
TOOLS = "def measure(x):\n    return x\n"


async def capture(api: Api, **body: Any) -> Any:
    answer = await api.http.post("/api/context/capture", json={"source": "editor", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def changes(captured: Any) -> dict[str, str]:
    return {element["key"]: element["change"] for element in captured["elements"]}


SEEN: dict[str, Any] = {
    "files": [
        {"path": "src/plan.py", "modified": "2031-06-01T10:00:00Z", "content": PLAN},
        {"path": "./src//tools.py", "content": TOOLS},
        {"path": "docs/notes.md", "size": 12},
    ],
    "tasks": [{"name": "speed", "description": "Make src/plan.py faster.", "dependencies": ["measure"]}],
    "environment": {
        "workingDirectory": "/home/a/project",
        "interpreterVersion": "3.11.4",
        "packages": {"httpx": "0.28.1"},
        "variables": {"LANG": "C.UTF-8", "API_TOKEN": "not to be kept"},
    },
    "options": {"sessionId": "s-1", "agentId": "a-1", "project": "planner"},
}


async def test_what_was_seen_becomes_elements_of_each_type(api: Api) -> None:
    captured = await capture(api, **SEEN)
    assert set(changes(captured)) == {
        "capture/file/src/plan.py",
        "capture/code/src/plan.py",
        "capture/code/src/plan.py#Plan",
        "capture/code/src/plan.py#Plan.run",
        "capture/code/src/plan.py#Plan.step",
        "capture/file/src/tools.py",
        "capture/code/src/tools.py",
        "capture/code/src/tools.py#measure",
        "capture/file/docs/notes.md",
        "capture/task/speed",
        "capture/environment",
    }
    assert set(changes(captured).values()) == {"created"}
    assert captured["namespace"] == "s-1"

    file = await api.got("capture/file/src/plan.py", namespace="s-1")
    assert file["type"] == "file"
    assert file["sessionId"] == "s-1"
    assert file["expiresAt"] is None
    assert file["data"] == {
        "source": "editor",
        "path": "src/plan.py",
        "size": len(PLAN),
        "modified": "2031-06-01T10:00:00Z",
        "language": "python",
        "imports": ["os", "src.tools.measure"],
    }
    run = (await api.got("capture/code/src/plan.py#Plan.run", namespace="s-1"))["data"]
    assert (run["language"], run["class"], run["function"]) == ("python", "Plan", "run")
    assert (run["line"], run["endLine"]) == (5, 6)
    assert (run["calls"], run["imports"]) == (["self.step", "measure"], ["src.tools.measure"])
    task = (await api.got("capture/task/speed", namespace="s-1"))["data"]
    assert (task["status"], task["dependencies"], task["files"]) == ("pending", ["measure"], ["src/plan.py"])
    environment = (await api.got("capture/environment", namespace="s-1"))["data"]
    assert environment["variables"] == {"LANG": "C.UTF-8"}
    assert environment["packages"] == {"httpx": "0.28.1"}
    assert captured["dropped"] == [{"place": "/environment/variables/API_TOKEN", "line": None, "rule": "Secret Name"}]


async def test_relationships_have_their_strengths(api: Api) -> None:
    captured = await capture(api, **SEEN)
    told = {(each["from"], each["to"]): (each["kind"], each["strength"]) for each in captured["relationships"]}
    code = "capture/code/src/plan.py#Plan"
    assert told == {
        ("capture/task/speed", "capture/file/src/plan.py"): ("names", 1.0),
        (f"{code}.run", f"{code}.step"): ("calls", 0.9),
        (f"{code}.run", "capture/code/src/tools.py#measure"): ("calls", 0.9),
        ("capture/file/src/plan.py", "capture/file/src/tools.py"): ("imports", 0.8),
    }


async def test_a_capture_is_one_append(api: Api) -> None:
    captured = await capture(api, **SEEN)
    positions = sorted(element["position"] for element in captured["elements"])
    assert positions == list(range(positions[0], positions[0] + len(positions)))
    instants = {(await api.got(element["key"], namespace="s-1"))["updatedAt"] for element in captured["elements"]}
    assert len(instants) == 1


async def test_what_is_captured_again_unchanged_makes_no_event(api: Api) -> None:
    first = await capture(api, **SEEN)
    end = await api.log_end()
    again = await capture(api, **SEEN)
    assert set(changes(again).values()) == {"unchanged"}
    assert await api.log_end() == end
    assert again["position"] == first["position"]

    elsewhere = await capture(api, **{**SEEN, "source": "terminal"})
    assert set(changes(elsewhere).values()) == {"unchanged"}
    assert await api.log_end() == end


async def test_of_several_only_what_changed_makes_an_event(api: Api) -> None:
    await capture(api, **SEEN)
    end = await api.log_end()
    edited = {**SEEN, "files": [{**SEEN["files"][0], "content": PLAN.replace("measure(1)", "2")}, *SEEN["files"][1:]]}
    changed = {key for key, change in changes(await capture(api, **edited)).items() if change != "unchanged"}
    assert changed == {"capture/file/src/plan.py", "capture/code/src/plan.py#Plan.run"}
    assert await api.log_end() == end + 2
    versions = await api.http.get(
        "/api/context/versions", params={"key": "capture/file/src/plan.py", "namespace": "s-1"}
    )
    assert len(versions.json()["items"]) == 2


async def test_with_a_time_to_live_what_is_seen_again_lives_on(api: Api, clock: MovableClock) -> None:
    seen: dict[str, Any] = {"files": [{"path": "a.md"}], "options": {"ttl": 100}}
    await capture(api, **seen)
    clock.advance(40)
    assert changes(await capture(api, **seen)) == {"capture/file/a.md": "unchanged"}
    clock.advance(20)
    assert changes(await capture(api, **seen)) == {"capture/file/a.md": "replaced"}
    clock.advance(101)
    assert changes(await capture(api, **seen)) == {"capture/file/a.md": "created"}


async def test_code_with_syntax_errors_is_kept_unparsed(api: Api) -> None:
    captured = await capture(
        api, files=[{"path": "bad.py", "content": "def f(:\n"}], code=[{"path": "x.rs", "text": "fn {"}]
    )
    assert set(changes(captured)) == {"capture/file/bad.py", "capture/code/bad.py", "capture/code/x.rs"}
    for path in ("bad.py", "x.rs"):
        data = (await api.got(f"capture/code/{path}"))["data"]
        assert data["parsed"] is False
        assert "line 1" in data["reason"]


async def test_texts_are_kept_where_that_is_asked_for_without_their_secrets(api: Api) -> None:
    content = 'def connect():\n    return open_it("postgres://me:hunter2x@db/main")\n\n\ndef other():\n    pass\n'
    seen: dict[str, Any] = {"files": [{"path": "db.py", "content": content}]}
    await capture(api, **seen)
    assert "content" not in (await api.got("capture/file/db.py"))["data"]
    captured = await capture(api, **seen, options={"keepText": True})
    assert [(each["place"], each["line"]) for each in captured["dropped"]] == [("/files/0/content", 2)]
    kept = (await api.got("capture/file/db.py"))["data"]["content"]
    assert "[secret dropped]" in kept
    assert "hunter2x" not in kept
    assert (await api.got("capture/code/db.py#other"))["data"]["text"] == "def other():\n    pass"
    assert "hunter2x" not in (await api.got("capture/code/db.py#connect"))["data"]["text"]


async def test_elements_can_be_listed_by_what_they_are(api: Api, projection: object) -> None:
    await capture(api, **SEEN)
    assert await api.keys(namespace="s-1", feature="symbol:measure") == ["capture/code/src/tools.py#measure"]
    assert await api.keys(namespace="s-1", feature="directory:src", type="file") == [
        "capture/file/src/plan.py",
        "capture/file/src/tools.py",
    ]


async def test_a_piece_of_code_can_be_told_without_its_text(api: Api) -> None:
    captured = await capture(api, code=[{"path": "a.py", "class": "A", "function": "go", "imports": ["os"]}])
    assert changes(captured) == {"capture/code/a.py#A.go": "created"}
    assert (await api.got("capture/code/a.py#A.go"))["data"]["imports"] == ["os"]


async def test_erasing_an_encrypted_capture_is_erasing_a_context(api: Api) -> None:
    answer = await api.http.post(
        "/api/context/capture", json={"source": "e", "files": [{"path": "a"}], "options": {"encrypt": True}}
    )
    assert (answer.status_code, answer.json()["code"]) == (501, "encryption-not-configured")


BAD: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {""}),
    ({"files": [{}]}, {"/files/0/path"}),
    ({"files": [{"path": ""}]}, {"/files/0/path"}),
    ({"files": [{"path": "a\nb"}]}, {"/files/0/path"}),
    ({"files": [{"path": "x" * 1025}]}, {"/files/0/path"}),
    ({"files": [{"path": "a", "size": -1}]}, {"/files/0/size"}),
    ({"files": [{"path": "a", "modified": 5}]}, {"/files/0/modified"}),
    ({"files": [{"path": "a", "owner": "me"}]}, {"/files/0/owner"}),
    ({"files": [{"path": "a"}, {"path": "./a"}]}, {"/files/1"}),
    ({"code": [{"path": "a.py", "imports": "os"}]}, {"/code/0/imports"}),
    ({"tasks": [{}]}, {"/tasks/0"}),
    ({"tasks": [{"name": "t", "status": "asleep"}]}, {"/tasks/0/status"}),
    ({"tasks": [{"name": "t", "files": ["a\0"]}]}, {"/tasks/0/files/0"}),
    ({"environment": {"variables": {"A": 1}}}, {"/environment/variables/A"}),
    ({"environment": {"variables": {"A": {"B": "c"}}}}, {"/environment/variables/A"}),
    ({"environment": []}, {"/environment"}),
    ({"files": [{"path": "a"}], "options": {"ttl": 0}}, {"/options/ttl"}),
    ({"files": [{"path": "a"}], "options": {"nameSpace": ""}}, {"/options/nameSpace"}),
]


@pytest.mark.parametrize(("body", "where"), BAD, ids=[str(index) for index in range(len(BAD))])
async def test_bad_captures_are_refused_with_the_place(api: Api, body: dict[str, Any], where: set[str]) -> None:
    asking = api.http.post("/api/context/capture", json={"source": "editor", **body})
    assert places(await refused(api, asking, 422, "invalid-input")) == where


async def test_a_source_is_needed(api: Api) -> None:
    asking = api.http.post("/api/context/capture", json={"files": [{"path": "a"}]})
    assert places(await refused(api, asking, 422, "invalid-input")) == {"/source"}


async def test_hostile_paths_are_names_and_nothing_else(api: Api) -> None:
    captured = await capture(
        api, files=[{"path": path} for path in ("../../etc/passwd", "/etc//passwd", "..", "C:\\a\\b.py")]
    )
    assert list(changes(captured)) == [
        "capture/file/../../etc/passwd",
        "capture/file//etc/passwd",
        "capture/file/..",
        "capture/file/C:/a/b.py",
    ]
    assert (await api.got("capture/file/../../etc/passwd"))["data"]["path"] == "../../etc/passwd"


async def test_a_path_that_would_make_too_long_a_key_has_a_key_all_the_same(api: Api) -> None:
    paths = ["d/" * 300 + "a.md", "d/" * 300 + "b.md"]
    captured = await capture(api, files=[{"path": path} for path in paths])
    keys = list(changes(captured))
    assert len(set(keys)) == 2
    assert {len(key) for key in keys} == {512}
