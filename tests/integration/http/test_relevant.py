"""The most relevant contexts within a budget, through HTTP."""

import json
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from infrastructure.settings import SettingsError
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, places, refused


async def relevant(api: Api, **query: Any) -> Any:
    query.setdefault("minPosition", await api.log_end())
    answer = await api.http.get("/api/context/relevant", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def keys(found: Any) -> list[str]:
    return [item["key"] for item in found["items"]]


async def test_scores_are_told_with_their_parts(api: Api, projection: object, clock: MovableClock) -> None:
    await api.stored("plan", {"step": 1}, sessionId="s", ttl=None)
    clock.advance(2 * 3600)
    (item,) = (await relevant(api, sessionId="s"))["items"]
    assert item["data"] == {"step": 1}
    assert item["relevance"] == {
        "score": pytest.approx(0.3 * 0.95**2 + 0.25 * 0.5),
        "timeDecay": 0.95**2,
        "accessBoost": 0.0,
        "relationships": 0.0,
        "taskRelevance": 0.5,
    }
    assert item["cost"] == len(json.dumps({"key": "plan", "data": {"step": 1}}, separators=(",", ":")))


async def test_the_youngest_comes_first_and_of_equal_ones_by_key(
    api: Api, projection: object, clock: MovableClock
) -> None:
    await api.stored("old", 1, namespace="n", ttl=None)
    clock.advance(3600)
    await api.stored("b", 1, namespace="n", ttl=None)
    await api.stored("a", 1, namespace="n", ttl=None)
    assert keys(await relevant(api, namespace="n")) == ["a", "b", "old"]
    assert keys(await relevant(api, namespace="n", limit=1)) == ["a"]


async def test_a_task_that_the_request_tells_of_counts(api: Api, projection: object, clock: MovableClock) -> None:
    await api.stored("about-a-file", 1, sessionId="s", ttl=None, metadata={"files": ["src/plan.py"]})
    await api.stored("of-the-project", 1, sessionId="s", ttl=None, metadata={"project": "planner"})
    await api.stored("near", 1, sessionId="s", ttl=None, features=["directory:src"])
    await api.stored("other", 1, sessionId="s", ttl=None)
    clock.advance(60)
    found = await relevant(
        api, sessionId="s", reference="other", file="./src/plan.py", codeArea="src", project="planner"
    )
    assert {item["key"]: item["relevance"]["taskRelevance"] for item in found["items"]} == {
        "other": 1.0,
        "about-a-file": 0.8,
        "near": 0.6,
        "of-the-project": 0.4,
    }
    assert keys(found) == ["other", "about-a-file", "near", "of-the-project"]
    assert found["activeTasks"] == ["request"]


async def test_captured_elements_are_related_and_their_tasks_count(api: Api, projection: object) -> None:
    for files in ([{"path": "src/a.py", "content": "import os\n"}], [{"path": "src/b.py"}]):
        body = {"source": "e", "files": files, "options": {"sessionId": "s"}}
        assert (await api.http.post("/api/context/capture", json=body)).status_code == 200
    task = {"source": "e", "tasks": [{"name": "t", "files": ["src/a.py"]}], "options": {"sessionId": "s"}}
    assert (await api.http.post("/api/context/capture", json=task)).status_code == 200
    found = await relevant(api, sessionId="s")
    parts = {item["key"]: item["relevance"] for item in found["items"]}
    assert found["activeTasks"] == ["t"]
    assert parts["capture/file/src/a.py"]["taskRelevance"] == 0.8
    assert parts["capture/file/src/b.py"]["taskRelevance"] == 0.6
    # Captured at different times, related all the same: a names, and a directory.
    assert parts["capture/file/src/a.py"]["relationships"] == pytest.approx(0.9 * 0.3)
    assert [(each["kind"], each["strength"]) for each in found["relationships"]] == [("names", 1.0), ("directory", 0.8)]


async def test_reads_raise_the_score(api: Api, projection: object) -> None:
    await api.stored("read", 1, sessionId="s")
    await api.stored("unread", 1, sessionId="s")
    for _ in range(3):
        await api.got("read")
    await api.services.accesses.record()
    found = await relevant(api, sessionId="s")
    assert keys(found) == ["read", "unread"]
    assert found["items"][0]["relevance"]["accessBoost"] == pytest.approx(0.3)


async def test_what_does_not_fit_is_passed_over_and_never_cut(
    api: Api, projection: object, clock: MovableClock
) -> None:
    for key, size in (("c", 10), ("large", 5000), ("b", 10)):
        await api.stored(key, "x" * size, sessionId="s")
        clock.advance(60)
    found = await relevant(api, sessionId="s", bytes=100)
    assert keys(found) == ["b", "c"]
    assert found["budget"] == {
        "unit": "bytes",
        "size": 100,
        "used": sum(item["cost"] for item in found["items"]),
        "limit": 50,
    }
    assert found["candidates"] == 3
    assert keys(await relevant(api, sessionId="s", bytes=10)) == []


async def test_what_is_gone_is_not_recalled(api: Api, projection: object, clock: MovableClock) -> None:
    await api.stored("deleted", 1, sessionId="s")
    await api.stored("expired", 1, sessionId="s", ttl=10)
    await api.stored("there", 1, sessionId="s")
    await api.delete("deleted")
    clock.advance(10)
    assert keys(await relevant(api, sessionId="s")) == ["there"]


async def test_candidates_are_filtered(api: Api, projection: object) -> None:
    await api.stored("a", 1, sessionId="s", tags=["x", "y"], type="note")
    await api.stored("b", 1, sessionId="s", tags=["x"])
    await api.stored("c", 1, sessionId="other", tags=["x", "y"])
    assert keys(await relevant(api, sessionId="s", tag=["x", "y"])) == ["a"]
    assert keys(await relevant(api, sessionId="s", type="note")) == ["a"]
    assert keys(await relevant(api, namespace="", tag="y")) == ["a", "c"]


async def test_of_many_the_newest_and_the_most_read_are_candidates(api: Api, projection: object) -> None:
    body = [{"path": f"{number:04}/a.md"} for number in range(450)]
    first = {"source": "e", "files": body, "options": {"sessionId": "s"}}
    assert (await api.http.post("/api/context/capture", json=first)).status_code == 200
    await api.got("capture/file/0000/a.md", namespace="s")
    await api.services.accesses.record()
    found = await relevant(api, sessionId="s", limit=400)
    assert found["candidates"] == 201
    assert keys(found)[0] == "capture/file/0000/a.md"


BAD: list[tuple[dict[str, Any], str, set[str]]] = [
    ({}, "invalid-input", {"sessionId"}),
    ({"sessionId": "s", "bytes": 0}, "invalid-input", {"bytes"}),
    ({"sessionId": "s", "bytes": "many"}, "invalid-input", {"bytes"}),
    ({"sessionId": "s", "limit": 401}, "invalid-input", {"limit"}),
    ({"sessionId": "s", "tokens": 5, "bytes": 5}, "invalid-input", {"tokens"}),
    ({"sessionId": "s", "tokens": 5}, "invalid-input", {"tokens"}),
    ({"sessionId": "s", "user": "u"}, "invalid-input", {"user"}),
    ({"sessionId": "s", "file": "a\nb"}, "invalid-input", {"file"}),
]


@pytest.mark.parametrize(("query", "code", "where"), BAD, ids=[str(index) for index in range(len(BAD))])
async def test_bad_queries_are_refused(api: Api, query: dict[str, Any], code: str, where: set[str]) -> None:
    assert places(await refused(api, api.http.get("/api/context/relevant", params=query), 422, code)) == where


@pytest.fixture
def tokenizer_file(tmp_path: Any) -> Any:
    """One that makes a token of each word and each sign."""
    made = Tokenizer(models.WordLevel({"[?]": 0}, unk_token="[?]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.enable_truncation(3)
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    return path


async def test_budgets_in_tokens_are_counted_by_the_tokenizer(
    database_url: str, clock: MovableClock, projection: object, tokenizer_file: Any
) -> None:
    async with open_api(database_url, clock, tokenizer_file=tokenizer_file) as api:
        await api.stored("short", "two words", sessionId="s")
        await api.stored("long", "many " * 500, sessionId="s")
        found = await relevant(api, sessionId="s", tokens=20)
    # {" key ":" short "," data ":" two words "}
    assert [(item["key"], item["cost"]) for item in found["items"]] == [("short", 10)]
    assert found["budget"]["unit"] == "tokens"


async def test_a_tokenizer_that_can_not_be_read_is_told_at_the_start(
    database_url: str, clock: MovableClock, tmp_path: Any
) -> None:
    (tmp_path / "broken.json").write_text("{}")
    for name in ("missing.json", "broken.json"):
        with pytest.raises(SettingsError, match="CONTEXTLINE_TOKENIZER_FILE"):
            async with open_api(database_url, clock, tokenizer_file=tmp_path / name):
                pass
