"""Bodies at the edge of what is accepted: on this side of it they come back as they were."""

import pytest

from tests.fixtures.http import MAX_REQUEST_BYTES, Api, refused
from tests.unit.domain.strategies import nested

JSON = {"content-type": "application/json"}


def with_data(data: bytes) -> bytes:
    return b'{"key":"k","data":' + data + b"}"


@pytest.mark.parametrize("outermost", ["[", "{"])
async def test_data_of_128_levels_are_accepted_everywhere_and_129_nowhere(api: Api, outermost: str) -> None:
    deepest = nested(128, outermost)
    await api.stored("k", deepest, metadata={"deep": nested(125, outermost)})
    assert (await api.got("k"))["data"] == deepest
    await api.updated("k", deepest)
    await api.updated("k", deepest, changeType="mergePatch")
    created = await api.http.post("/api/sessions", json={"id": "s", "data": {"deep": nested(127, outermost)}})
    assert created.status_code == 201
    too_deep = nested(129, outermost)
    for change_type in ("replace", "merge", "mergePatch", "append", "increment", "jsonPatch"):
        await refused(api, api.update("k", too_deep, changeType=change_type), 422, "invalid-input")
    await refused(api, api.store("k", too_deep), 422, "invalid-input")


async def test_a_patch_can_not_make_data_deeper_than_a_store_could(api: Api) -> None:
    await api.stored("k", {"a": nested(126), "b": [[]]})
    innermost = "/a" + "/0/in" * 62 + "/0/-"
    await api.updated("k", [{"op": "add", "path": innermost, "value": []}], changeType="jsonPatch")
    deeper = [{"op": "add", "path": innermost, "value": [[]]}]
    await refused(api, api.update("k", deeper, changeType="jsonPatch"), 422, "invalid-input")
    moved = [{"op": "move", "from": "/b", "path": innermost}]
    await refused(api, api.update("k", moved, changeType="jsonPatch"), 422, "invalid-input")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"]
)
async def test_what_is_json_by_another_name_is_accepted(api: Api, media_type: str) -> None:
    answer = await api.http.post(
        "/api/context/store", content=with_data(b'"\xc3\xa9"'), headers={"content-type": media_type}
    )
    assert answer.status_code == 201
    assert (await api.got("k"))["data"] == "é"


async def test_a_body_at_the_limit_is_accepted_and_one_byte_more_is_413(api: Api) -> None:
    fits = with_data(b'"' + b"x" * (MAX_REQUEST_BYTES - len(with_data(b'""'))) + b'"')
    assert len(fits) == MAX_REQUEST_BYTES
    assert (await api.http.post("/api/context/store", content=fits, headers=JSON)).status_code == 201
    asking = api.http.post("/api/context/store", content=fits + b" ", headers=JSON)
    await refused(api, asking, 413, "request-too-large")


async def test_a_call_that_takes_no_body_does_not_ignore_one(api: Api) -> None:
    await api.stored("k", 1)
    asking = api.http.request("DELETE", "/api/context/delete/k", json={"expectedVersion": 7})
    await refused(api, asking, 422, "invalid-input")
