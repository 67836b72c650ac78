"""Keys are compared as given, however they are written in a URL."""

import unicodedata
from urllib.parse import quote

import pytest

from tests.fixtures.http import Api, refused

KEYS = [
    "a",
    "/",
    "//",
    "a/b",
    "/a",
    "a/",
    "a//b",
    "../..",
    "a/../b",
    "./a",
    "%",
    "%2F",
    "%00",
    "%zz",
    "100%",
    " ",
    "a b ",
    "+",
    "a+b",
    "?",
    "a?b=c&d#e",
    "#",
    "&key=other",
    ";",
    "\\",
    '"',
    "<script>",
    "é",
    "e\u0301",
    "日本語",
    "\U0001f600",
    "\U0001f469\u200d\U0001f680",
    "\u2028",
    "\ufeff",
    "\u200b",
    "list",
    "get",
    "null",
    "x" * 512,
    "\U0001f600" * 512,
    "/" * 512,
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: ascii(key)[:30])
async def test_a_key_names_the_same_context_in_body_path_and_query(api: Api, key: str) -> None:
    assert (await api.stored(key, {"of": key}))["key"] == key
    path = quote(key, safe="")
    for asking in (
        api.http.get(f"/api/context/get/{path}"),
        api.http.get(f"/api/context/get?key={path}"),
        api.http.get(f"/api/context/get/{path}?key={path}"),
        api.get(key),
    ):
        answer = await asking
        assert (answer.status_code, answer.json()["key"], answer.json()["data"]) == (200, key, {"of": key})
    assert (await api.http.put(f"/api/context/update/{path}", json={"data": 2})).json()["version"] == 2
    rollback = await api.http.post(f"/api/context/rollback/{path}", json={"version": 1})
    assert rollback.json()["version"] == 3
    assert len((await api.http.get(f"/api/context/history/{path}")).json()["items"]) == 3
    assert len((await api.http.get(f"/api/context/versions/{path}")).json()["items"]) == 3
    assert (await api.http.get(f"/api/context/diff/{path}?from=1&to=3")).json()["diff"] == []
    assert (await api.http.delete(f"/api/context/delete/{path}")).json()["key"] == key


@pytest.mark.parametrize("key", [".", ".."])
async def test_a_key_that_clients_take_for_a_step_in_the_path_goes_by_the_query(api: Api, key: str) -> None:
    await api.stored(key, {"of": key})
    assert (await api.got(key))["data"] == {"of": key}
    assert (await api.updated(key, 2))["key"] == key
    assert (await api.delete(key)).json()["key"] == key


async def test_keys_that_look_alike_are_different_contexts(api: Api) -> None:
    alike = ["é", unicodedata.normalize("NFD", "é"), "É", "a", "A", "a ", " a", "a/", "/a", "a//", "%61", "\uff41"]
    for key in alike:
        await api.stored(key, key)
    assert [(await api.got(key))["data"] for key in alike] == alike
    assert await api.log_end() == len(alike)


async def test_a_line_break_behind_a_key_names_no_other_context(api: Api) -> None:
    await api.stored("k", 1)
    for ending in ("%0A", "%0D%0A", "%00", "%E2%80%A8"):
        status, code = (404, "context-not-found") if ending == "%E2%80%A8" else (422, "invalid-input")
        await refused(api, api.http.get(f"/api/context/get/k{ending}"), status, code)
        await refused(api, api.http.put(f"/api/context/update/k{ending}", json={"data": 2}), status, code)
        await refused(api, api.http.delete(f"/api/context/delete/k{ending}"), status, code)


async def test_the_longest_names_there_can_be_are_listed_too(api: Api, projection: object) -> None:
    # Each character takes four bytes, and none repeats: nothing makes an index entry of them smaller.
    longest = "".join(chr(0x20000 + 7 * index) for index in range(512))
    longer_by_its_end = longest[:-1] + "\U0002a6d0"
    for key in (longest, longer_by_its_end):
        await api.stored(key, 1, namespace=longest, sessionId=longest[:256], tags=[longest[:256]], type=longest[:256])
    assert await api.keys(order="key") == [longest, longer_by_its_end]
    assert await api.keys(namespace=longest, sessionId=longest[:256], tag=longest[:256], order="-created") == [
        longer_by_its_end,
        longest,
    ]


async def test_a_list_by_key_is_in_the_order_of_code_points_across_pages(api: Api, projection: object) -> None:
    beginning = "p" * 150
    keys = ["", "\U0001f600", "\uffee", "a", "B", "é", "ab", "a b", "a/", beginning, beginning + "b", beginning + "a"]
    names = [(namespace, key or "-") for namespace in ("", "n", "n/a") for key in keys]
    for namespace, key in names:
        await api.stored(key, 1, namespace=namespace)
    pages = await api.pages(order="key", limit=1, minPosition=await api.log_end())
    assert [(item["namespace"], item["key"]) for (item,) in pages] == sorted(names)
