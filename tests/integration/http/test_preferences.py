"""Preferences by HTTP: observed, set, cleared, read, listed; and what is refused."""

import asyncio
from typing import Any

import httpx
import pytest

from domain.preferences.preferences import MAX_PREFERENCES
from domain.preferences.state import stream_name
from domain.recorded import Origin, stream_id
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, places, refused


async def ask(api: Api, what: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return await api.http.post(f"/api/preferences/{what}", json={"userId": "u", **body}, headers=headers)


async def done(api: Api, what: str, **body: Any) -> Any:
    """The answer to a change that must be made."""
    answer = await ask(api, what, **body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    return answer.json()


async def observe(api: Api, *values: Any, key: str = "seat", **body: Any) -> Any:
    seen = [{"type": "travel", "key": key, "value": value} for value in values]
    return await done(api, "observe", observations=seen, **body)


async def got(api: Api, user: str = "u", **query: Any) -> Any:
    answer = await api.http.get("/api/preferences/get", params={"userId": user, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_confidence_starts_at_a_half_grows_with_agreement_and_falls_with_contradiction(
    api: Api, clock: MovableClock
) -> None:
    document = await observe(api, "window")
    assert document == {
        "userId": "u",
        "items": [
            {
                "type": "travel",
                "key": "seat",
                "value": "window",
                "confidence": 0.5,
                "explicit": False,
                "observations": 1,
                "lastObserved": "2026-01-01T00:00:00Z",
                "setAt": None,
                "updatedAt": "2026-01-01T00:00:00Z",
                "candidates": [{"value": "window", "observations": 1, "lastObserved": "2026-01-01T00:00:00Z"}],
            }
        ],
        "encrypted": False,
        "version": 1,
        "position": await api.log_end(),
    }
    clock.advance(5)
    (item,) = (await observe(api, "window", "window"))["items"]
    assert (item["confidence"], item["observations"]) == (3 / 4, 3)
    (item,) = (await observe(api, "aisle"))["items"]
    assert (item["value"], item["confidence"]) == ("window", 3 / 5)
    assert [(one["value"], one["observations"]) for one in item["candidates"]] == [("window", 3), ("aisle", 1)]
    (item,) = (await observe(api, *["aisle"] * 3))["items"]
    assert (item["value"], item["confidence"], item["lastObserved"]) == ("aisle", 4 / 8, "2026-01-01T00:00:05Z")
    assert (await got(api))["items"] == [item]


async def test_what_is_set_holds_whatever_is_observed_until_it_is_cleared(api: Api) -> None:
    await observe(api, "window")
    (item,) = (await done(api, "set", type="travel", key="seat", value="aisle", reason="said so"))["items"]
    assert (item["value"], item["confidence"], item["explicit"]) == ("aisle", 1, True)
    (item,) = (await observe(api, "window", "window"))["items"]
    assert (item["value"], item["confidence"], item["observations"]) == ("aisle", 1, 3)
    (item,) = (await done(api, "clear", type="travel", key="seat"))["items"]
    assert (item["value"], item["confidence"], item["explicit"], item["setAt"]) == ("window", 3 / 4, False, None)
    document = await done(api, "clear", type="travel", key="seat", observations=True)
    assert (document["items"], document["version"]) == ([], 6)
    assert (await got(api))["items"] == []


async def test_what_was_only_set_is_gone_when_it_is_cleared(api: Api) -> None:
    await done(api, "set", type="t", key="k", value=None)
    assert (await got(api))["items"][0]["value"] is None
    assert (await done(api, "clear", type="t", key="k"))["items"] == []


async def test_they_are_read_by_type_and_key_and_a_user_without_any_has_none(api: Api) -> None:
    seen = [("b", "y"), ("a", "x"), ("b", "x")]
    await done(api, "observe", observations=[{"type": kind, "key": key, "value": 1} for kind, key in seen])

    async def names(**query: Any) -> list[tuple[str, str]]:
        return [(item["type"], item["key"]) for item in (await got(api, **query))["items"]]

    assert await names() == [("a", "x"), ("b", "x"), ("b", "y")]
    assert await names(type="b") == [("b", "x"), ("b", "y")]
    assert await names(type="b", key="y") == [("b", "y")]
    assert await names(key="x") == [("a", "x"), ("b", "x")]
    assert (await api.http.get("/api/preferences/get/u")).json() == await got(api)
    assert await got(api, "nobody") == {
        "userId": "nobody", "items": [], "encrypted": False, "version": 0, "position": 0
    }  # fmt: skip


async def test_many_observations_are_taken_in_all_or_nothing(api: Api) -> None:
    large = "x" * 1_024
    seen = [{"type": "t", "key": "k", "value": 1}, {"type": "t", "key": "k", "value": large}]
    asking = ask(api, "observe", observations=seen)
    assert places(await refused(api, asking, 422, "invalid-input")) == {"/observations/1/value"}
    assert (await got(api))["version"] == 0


async def test_a_user_has_so_many_preferences_and_no_more(api: Api) -> None:
    for first in range(0, MAX_PREFERENCES, 100):
        seen = [{"type": "t", "key": f"k-{number}", "value": 1} for number in range(first, first + 100)]
        await done(api, "observe", observations=seen)
    more = ask(api, "observe", observations=[{"type": "t", "key": "more", "value": 1}])
    problem = await refused(api, more, 409, "too-many-preferences")
    assert (problem["limit"], problem["count"]) == (MAX_PREFERENCES, MAX_PREFERENCES)
    await refused(api, ask(api, "set", type="t", key="more", value=1), 409, "too-many-preferences")
    await done(api, "observe", observations=[{"type": "t", "key": "k-0", "value": 1}])
    await done(api, "clear", type="t", key="k-1", observations=True)
    await done(api, "set", type="t", key="more", value=1)
    assert len((await got(api))["items"]) == MAX_PREFERENCES


async def test_what_is_not_there_can_not_be_cleared(api: Api) -> None:
    await refused(api, ask(api, "clear", type="t", key="k"), 404, "preference-not-found")
    await observe(api, 1, key="k")
    problem = await refused(api, ask(api, "clear", type="travel", key="k"), 404, "preference-not-found")
    assert "observations: true" in problem["detail"]


async def test_a_stale_version_is_409_in_the_body_and_412_in_the_header(api: Api) -> None:
    setting: dict[str, Any] = {"type": "t", "key": "k", "value": 1}
    await refused(api, ask(api, "set", expectedVersion=1, **setting), 409, "version-conflict")
    await refused(api, ask(api, "set", headers={"If-Match": '"1"'}, **setting), 412, "precondition-failed")
    await done(api, "set", expectedVersion=0, **setting)
    assert (await ask(api, "set", headers={"If-Match": '"1"'}, **setting)).status_code == 200
    stale = ask(api, "observe", expectedVersion=1, observations=[setting])
    assert (await refused(api, stale, 409, "version-conflict"))["currentVersion"] == 2
    await refused(api, ask(api, "clear", expectedVersion=1, type="t", key="k"), 409, "version-conflict")


@pytest.mark.parametrize(
    ("what", "body", "pointers"),
    [
        ("observe", {"observations": []}, {"/observations"}),
        ("observe", {"observations": [{"type": "t", "key": "k", "value": 1}] * 101}, {"/observations"}),
        ("observe", {"observations": [{"type": "t", "value": 1}]}, {"/observations/0/key"}),
        ("observe", {"observations": [{"type": "t", "key": "k"}]}, {"/observations/0/value"}),
        ("observe", {"observations": [{"type": "", "key": "k", "value": 1}]}, {"/observations/0/type"}),
        ("set", {"type": "t", "key": "k", "value": "x" * 1_023}, {"/value"}),
        ("set", {"type": "t", "key": "k\n", "value": 1}, {"/key"}),
        ("set", {"type": "t", "key": "k", "value": 1, "confidence": 1}, {"/confidence"}),
        ("set", {"userId": "", "type": "t", "key": "k", "value": 1}, {"/userId"}),
        ("set", {"userId": "u" * 257, "type": "t", "key": "k", "value": 1}, {"/userId"}),
        ("clear", {"type": "t"}, {"/key"}),
        ("clear", {"type": "t", "key": "k", "observations": "yes"}, {"/observations"}),
    ],
)
async def test_what_breaks_a_rule_is_refused_with_the_place(
    api: Api, what: str, body: dict[str, Any], pointers: set[str]
) -> None:
    assert places(await refused(api, ask(api, what, **body), 422, "invalid-input")) == pointers


async def test_a_user_is_needed_and_only_one(api: Api) -> None:
    for url in ("get", "get/", "get/a?userId=b", "get?userId="):
        assert places(await refused(api, api.http.get(f"/api/preferences/{url}"), 422, "invalid-input")) == {"userId"}


async def test_each_event_tells_where_it_came_from(api: Api) -> None:
    await observe(api, 1, sessionId="s", agentId="a", changedBy="me", causationId="e", correlationId="c")
    await done(api, "set", type="t", key="k", value=1)
    events = await api.services.store.read_stream("default", stream_id("default", stream_name("u")))
    assert [recorded.origin for recorded in events] == [
        Origin(actor="me", agent_id="a", session_id="s", causation_id="e", correlation_id="c"),
        Origin(),
    ]


async def test_sixteen_who_observe_at_once_are_all_counted(api: Api) -> None:
    await asyncio.gather(*(observe(api, number % 2) for number in range(16)))
    (item,) = (await got(api))["items"]
    assert (item["observations"], item["confidence"]) == (16, 8 / 17)


async def test_they_are_listed_across_users_by_every_filter_in_pages(api: Api, projection: object) -> None:
    for user in ("u-1", "u-2"):
        await observe(api, "window", "window", userId=user)
        await observe(api, "veggie", key="meal", userId=user)
    await done(api, "set", userId="u-1", type="style", key="tone", value="brief")

    async def found(**query: Any) -> list[tuple[str, str]]:
        pages = await api.pages("/api/preferences", minPosition=await api.log_end(), **query)
        return [(item["userId"], item["key"]) for page in pages for item in page]

    everything = [("u-1", "tone"), ("u-2", "meal"), ("u-2", "seat"), ("u-1", "meal"), ("u-1", "seat")]
    assert await found() == everything
    assert await found(limit=1) == await found(limit=2) == everything
    assert await found(userId="u-2") == [("u-2", "meal"), ("u-2", "seat")]
    assert await found(type="travel", key="seat") == [("u-2", "seat"), ("u-1", "seat")]
    assert await found(key="tone") == [("u-1", "tone")]
    assert await found(explicit="true") == [("u-1", "tone")]
    assert await found(explicit="false", userId="u-1") == [("u-1", "meal"), ("u-1", "seat")]
    assert await found(minConfidence=0.6) == [("u-1", "tone"), ("u-2", "seat"), ("u-1", "seat")]
    page = (await api.http.get("/api/preferences", params={"key": "tone"})).json()
    (item,) = (await got(api, "u-1", key="tone"))["items"]
    assert page == {"items": [{"userId": "u-1", **item}], "nextCursor": None}
    wrong = api.http.get("/api/preferences", params={"minConfidence": 2, "cursor": "x"})
    assert places(await refused(api, wrong, 422, "invalid-input")) == {"minConfidence"}
    wrong = api.http.get("/api/preferences", params={"cursor": "x"})
    assert places(await refused(api, wrong, 422, "invalid-input")) == {"cursor"}
