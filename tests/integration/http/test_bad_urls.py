"""Paths and queries that can't be read, name nothing, or ask for what is no answer."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.fixtures.http import Api, places, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

READS = ["get", "history", "versions"]


def cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("bad", ["%ff", "%c3%28", "%ed%a0%80", "a%80b", "%c0%af"])
@pytest.mark.parametrize("where", ["/api/context/get/{}", "/api/context/get?key={}", "/api/context/list?tag={}", "/{}"])
async def test_what_is_not_utf8_is_400(module_api: Api, where: str, bad: str) -> None:
    await refused(module_api, module_api.http.get(where.format(bad)), 400, "malformed-request")


@pytest.mark.parametrize("bad", ["%00", "a%00b", "%0a", "k%0a", "k%0ab", "k%0d", "%09", "k%7f", "%c2%85"])
@pytest.mark.parametrize("name", READS)
async def test_a_control_character_in_a_key_is_refused_in_path_and_query(module_api: Api, name: str, bad: str) -> None:
    for where in (f"/api/context/{name}/{bad}", f"/api/context/{name}?key={bad}"):
        assert places(await refused(module_api, module_api.http.get(where), 422, "invalid-input")) == {"key"}


@pytest.mark.parametrize("name", READS)
async def test_a_key_is_needed_and_only_one(module_api: Api, name: str) -> None:
    for where in (
        f"/api/context/{name}",
        f"/api/context/{name}/",
        f"/api/context/{name}?key=",
        f"/api/context/{name}/a?key=b",
    ):
        await refused(module_api, module_api.http.get(where), 422, "invalid-input")


@pytest.mark.parametrize(
    ("path", "query", "body"), [("/api/sessions/branch", "id", "sessionId"), ("/api/context/erase", "key", "key")]
)
async def test_what_a_body_may_name_too_is_refused_in_words_that_name_every_place(
    module_api: Api, path: str, query: str, body: str
) -> None:
    for where, sent, detail in (
        (path, {}, f"is needed: in the path, as ?{query}=, or in the body"),
        (f"{path}/a", {body: "b"}, "the URL and the body name different ones"),
        (f"{path}?{query}=a", {body: "b"}, "the URL and the body name different ones"),
    ):
        problem = await refused(module_api, module_api.http.post(where, json=sent), 422, "invalid-input")
        assert problem["errors"] == [{"pointer": f"/{body}", "detail": detail}]


async def test_a_key_of_513_code_points_is_too_long(module_api: Api) -> None:
    for key in ("x" * 513, "\U0001f600" * 513):
        await refused(module_api, module_api.http.get(f"/api/context/get/{quote(key)}"), 422, "invalid-input")


QUERIES = [
    ("/api/context/get/k?version=0", "version"),
    ("/api/context/get/k?version=-1", "version"),
    ("/api/context/get/k?version=x", "version"),
    ("/api/context/get/k?version=", "version"),
    ("/api/context/get/k?version=1.5", "version"),
    ("/api/context/get/k?version=2147483648", "version"),
    ("/api/context/get/k?version=" + "9" * 5_000, "version"),
    ("/api/context/get/k?minPosition=-1", "minPosition"),
    ("/api/context/get/k?minPosition=9223372036854775808", "minPosition"),
    ("/api/context/get/k?asOfPosition=x", "asOfPosition"),
    ("/api/context/get/k?asOf=yesterday", "asOf"),
    ("/api/context/get/k?asOf=12", "asOf"),
    ("/api/context/get/k?asOf=1767225600", "asOf"),
    ("/api/context/get/k?asOf=1e400", "asOf"),
    ("/api/context/get/k?asOf=2026-01-01", "asOf"),
    ("/api/context/get/k?asOf=2026-01-01T00:00:00", "asOf"),
    ("/api/context/get/k?asOf=2026-13-01T00:00:00Z", "asOf"),
    ("/api/context/get/k?asOf=2026-01-01T00:00:00+02:00", "asOf"),
    ("/api/context/get/k?asOf=0001-01-01T00:00:00%2B14:00", "asOf"),
    ("/api/context/get/k?asOf=9999-12-31T23:59:59-14:00", "asOf"),
    ("/api/context/get/k?asOf=0001-01-01T00:00:00Z", "asOf"),
    ("/api/context/get/k?nosuch=1", "nosuch"),
    ("/api/context/get/k?session_id=1", "session_id"),
    ("/api/context/get/k?key=k&key=k", "key"),
    ("/api/context/get/k?version=1&version=2", "version"),
    ("/api/context/history/k?limit=0", "limit"),
    ("/api/context/history/k?limit=101", "limit"),
    ("/api/context/history/k?limit=ten", "limit"),
    ("/api/context/history/k?cursor=-5", "cursor"),
    ("/api/context/history/k?cursor=0", "cursor"),
    ("/api/context/history/k?cursor=abc", "cursor"),
    ("/api/context/history/k?order=newest", "order"),
    ("/api/context/diff/k?from=0&to=1", "from"),
    ("/api/context/diff/k?to=1", "from"),
    ("/api/context/diff/k?from=1", "to"),
    ("/api/context/versions/k?limit=5", "limit"),
    ("/api/context/list?limit=0", "limit"),
    ("/api/context/list?limit=-1", "limit"),
    ("/api/context/list?limit=1001", "limit"),
    ("/api/context/list?limit=" + "9" * 30, "limit"),
    ("/api/context/list?order=random", "order"),
    ("/api/context/list?include=everything", "include"),
    ("/api/context/list?tag=", "tag"),
    ("/api/context/list?" + "&".join(f"tag=t{n}" for n in range(17)), "tag"),
    ("/api/context/list?tags=a", "tags"),
    ("/api/context/list?keyPrefix=%00", "keyPrefix"),
    ("/api/context/list?sessionId=a%00", "sessionId"),
    ("/api/context/list?type=" + "x" * 257, "type"),
    ("/api/context/list?namespace=" + "x" * 513, "namespace"),
    ("/api/context/list?minImportance=nan", "minImportance"),
    ("/api/context/list?minImportance=2", "minImportance"),
    ("/api/context/list?minPriority=2147483648", "minPriority"),
    ("/api/context/list?createdFrom=0001-01-01T00:00:00%2B14:00", "createdFrom"),
    ("/api/context/list?updatedTo=never", "updatedTo"),
    ("/api/context/list?timeout=inf&minPosition=1", "timeout"),
    ("/api/context/list?timeout=0", "timeout"),
    ("/api/context/list?timeout=61", "timeout"),
    ("/api/context/list?cursor=" + "A" * 4_097, "cursor"),
    ("/api/sessions?status=open", "status"),
    ("/api/sessions?limit=0", "limit"),
    ("/api/sessions?sessionId=s", "sessionId"),
]


@pytest.mark.parametrize(("where", "parameter"), QUERIES, ids=[where[:60] for where, _ in QUERIES])
async def test_a_query_that_breaks_a_rule_names_the_parameter(module_api: Api, where: str, parameter: str) -> None:
    problem = await refused(module_api, module_api.http.get(where), 422, "invalid-input")
    assert {place.lstrip("/") for place in places(problem)} == {parameter}


@pytest.mark.parametrize(
    "query",
    ["version=1&asOf=2026-01-01T00:00:00Z", "version=1&asOfPosition=1", "asOfPosition=1&asOf=2026-01-01T00:00:00Z"],
)
async def test_only_one_past_state_can_be_asked_for(module_api: Api, query: str) -> None:
    await refused(module_api, module_api.http.get(f"/api/context/get/k?{query}"), 422, "invalid-input")


FOREIGN = ["", "x", "!!!", "%F0%9F%98%80", "-5", "0", "eyJhIjoxfQ", "bnVsbA", "A" * 4_000, "====", "AAAA%00"]


@pytest.mark.parametrize("bad", FOREIGN)
@pytest.mark.parametrize("path", ["/api/context/list?", "/api/context/list?order=key&", "/api/sessions?"])
async def test_a_cursor_that_was_never_given_out_is_422(module_api: Api, path: str, bad: str) -> None:
    problem = await refused(module_api, module_api.http.get(f"{path}cursor={bad}"), 422, "invalid-input")
    assert {place.lstrip("/") for place in places(problem)} == {"cursor"}


@pytest.mark.parametrize(
    "made",
    [("created", -1), ("created", 2**63), ("created", 1.5), ("created", "1"), ("created", True), ("-created", 1),
     ("key", 0, "", "a"), ("sessions", 1), ("created", 1, "", "", 5), ("created", 1, "\0"), ("nosuch", 1), ()],
    ids=repr,
)  # fmt: skip
async def test_a_cursor_of_another_list_or_a_forged_one_is_422(module_api: Api, made: tuple[Any, ...]) -> None:
    asking = module_api.http.get("/api/context/list", params={"cursor": cursor(*made)})
    await refused(module_api, asking, 422, "invalid-input")


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/context", "/api/context/", "/api/context/list/", "/api/context/store/", "/nosuch", "//",
             "/api/context/lists", "/api/sessions/nosuch", "/API/context/list", "/api//context/list", "/%F0%9F%98%80"],
)  # fmt: skip
async def test_a_path_that_is_not_there_is_404_as_a_problem_and_redirects_nowhere(module_api: Api, path: str) -> None:
    await refused(module_api, module_api.http.get(f"http://contextline.test{path}"), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/context/store", "POST"),
        ("PUT", "/api/context/get/k", "GET"),
        ("POST", "/api/context/get", "GET"),
        ("GET", "/api/context/update/k", "PUT"),
        ("POST", "/api/context/delete/k", "DELETE"),
        ("DELETE", "/api/context/list", "GET"),
        ("PATCH", "/api/sessions/get/s", "GET"),
        ("OPTIONS", "/api/context/health", "GET"),
    ],
)
async def test_a_wrong_method_is_405_and_says_which_is_right(
    module_api: Api, method: str, path: str, allowed: str
) -> None:
    assert allowed in (await module_api.http.request(method, path)).headers["allow"]
    await refused(module_api, module_api.http.request(method, path), 405, "method-not-allowed")
