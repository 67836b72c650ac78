"""Captures that are too much, or junk: refused at once, with the place, and nothing stored."""

import time
from typing import Any

import pytest

from tests.fixtures.http import Api, open_api, places, refused

MEGABYTE = 1024 * 1024


@pytest.fixture
async def large_api(database_url: str, clock: Any) -> Any:
    async with open_api(database_url, clock, max_request_bytes=16 * MEGABYTE) as opened:
        yield opened


def body(**members: Any) -> dict[str, Any]:
    return {"source": "e", **members}


def nested(levels: int, width: int) -> Any:
    value: Any = "x" * width
    for level in range(levels):
        value = [value] if level % 2 else {"a": value, "b": "y" * width}
    return value


JUNK: dict[str, Any] = {
    "in files": body(files=nested(100, 10_000)),
    "in one file": body(files=[nested(100, 10_000)]),
    "in variables": body(environment={"variables": {"A": nested(100, 10_000)}}),
    "many numbers": body(files=list(range(150_000))),
    "many variables": body(environment={"variables": {f"V{number}": "x" for number in range(70_000)}}),
    "unknown members": body(**{f"m{number}": number for number in range(70_000)}),
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
async def test_a_megabyte_of_junk_is_refused_soon_and_shortly(large_api: Api, junk: Any) -> None:
    begun = time.monotonic()
    answer = await large_api.http.post("/api/context/capture", json=junk)
    assert answer.status_code == 422
    assert time.monotonic() - begun < 10
    assert len(answer.content) < 64 * 1024
    assert await large_api.log_end() == 0


async def test_ten_thousand_files_are_refused(large_api: Api) -> None:
    asking = large_api.http.post(
        "/api/context/capture", json=body(files=[{"path": f"{number}.md"} for number in range(10_000)])
    )
    problem = await refused(large_api, asking, 422, "invalid-input")
    assert places(problem) == {"/files"}
    assert "1000" in problem["detail"]


async def test_a_thousand_files_are_stored_in_one_append(large_api: Api) -> None:
    answer = await large_api.http.post(
        "/api/context/capture", json=body(files=[{"path": f"{number}.md"} for number in range(1_000)])
    )
    assert answer.status_code == 200, answer.text
    assert await large_api.log_end() == 1_000
    assert len(answer.json()["relationships"]) < 50_000


async def test_files_and_what_comes_of_them_count_together(large_api: Api) -> None:
    definitions = "".join(f"def f{number}():\n    pass\n" for number in range(150))
    asking = large_api.http.post(
        "/api/context/capture", json=body(files=[{"path": f"{n}.py", "content": definitions} for n in range(8)])
    )
    problem = await refused(large_api, asking, 422, "invalid-input")
    assert "1216 elements" in problem["detail"]


async def test_elements_of_all_kinds_count_together(large_api: Api) -> None:
    asking = large_api.http.post(
        "/api/context/capture",
        json=body(files=[{"path": f"{n}"} for n in range(600)], code=[{"path": f"{n}"} for n in range(600)]),
    )
    assert places(await refused(large_api, asking, 422, "invalid-input")) == {""}


async def test_texts_that_are_too_long_are_refused_with_their_place(large_api: Api) -> None:
    asking = large_api.http.post(
        "/api/context/capture",
        json=body(files=[{"path": "a.py", "content": "x" * 300_000}], code=[{"path": "b.py", "text": "ü" * 140_000}]),
    )
    assert places(await refused(large_api, asking, 422, "invalid-input")) == {"/files/0/content", "/code/0/text"}


async def test_texts_that_are_too_long_together_are_refused(large_api: Api) -> None:
    files = [{"path": f"{number}.txt", "content": "x\n" * 100_000} for number in range(6)]
    asking = large_api.http.post("/api/context/capture", json=body(files=files))
    assert places(await refused(large_api, asking, 422, "invalid-input")) == {""}


async def test_a_megabyte_of_brackets_as_code_is_kept_unparsed_in_time(large_api: Api) -> None:
    files = [{"path": f"a.{suffix}", "content": "([{" * 80_000} for suffix in ("py", "js", "java", "go")]
    begun = time.monotonic()
    answer = await large_api.http.post("/api/context/capture", json=body(files=files))
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - begun < 30
    for suffix in ("py", "js", "java", "go"):
        assert (await large_api.got(f"capture/code/a.{suffix}"))["data"]["parsed"] is False
