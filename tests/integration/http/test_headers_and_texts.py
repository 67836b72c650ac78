"""Headers that make no sense for a call are refused, and queries are not converted beyond what is written."""

import pytest

from tests.fixtures.http import Api, places, refused


@pytest.mark.parametrize("header", ["*", '"1"'])
async def test_a_change_does_not_ignore_if_none_match(api: Api, header: str) -> None:
    await api.stored("k", 1)
    headers = {"If-None-Match": header}
    for asking in (
        api.http.put("/api/context/update/k", json={"data": 2}, headers=headers),
        api.http.delete("/api/context/delete/k", headers=headers),
        api.http.post("/api/context/rollback/k", json={"version": 1}, headers=headers),
    ):
        problem = await refused(api, asking, 422, "invalid-input")
        assert problem["errors"][0]["header"] == "If-None-Match"


@pytest.mark.parametrize("text", ["1_0", "5.0", "%205", "+5", "%D9%A5", "0x5", "1e1"])
async def test_a_whole_number_in_a_query_is_written_with_digits(api: Api, text: str) -> None:
    problem = await refused(api, api.http.get(f"/api/context/list?limit={text}"), 422, "invalid-input")
    assert places(problem) == {"limit"}


async def test_a_body_that_says_it_is_encoded_is_refused(api: Api) -> None:
    asking = api.http.post("/api/context/store", json={"key": "k", "data": 1}, headers={"Content-Encoding": "gzip"})
    await refused(api, asking, 415, "unsupported-media-type")


async def test_a_checkpoint_stays_with_the_version_that_it_named(api: Api) -> None:
    await api.stored("k", 1)
    for number in (2, 3):
        body = {"data": number, "options": {"checkpoint": "cp"}}
        assert (await api.http.put("/api/context/update/k", json=body)).status_code == 200
    versions = (await api.http.get("/api/context/versions/k")).json()["items"]
    assert [item["checkpoint"] for item in versions] == [None, "cp", "cp"]
    back = await api.http.post("/api/context/rollback/k", json={"checkpoint": "cp"})
    assert back.json()["toVersion"] == 3, "a name that was used again means the newer"


async def test_an_update_of_options_alone_has_no_change_type(api: Api) -> None:
    await api.stored("k", 1)
    assert (await api.http.put("/api/context/update/k", json={"options": {"tags": ["a"]}})).status_code == 200
    entry = (await api.http.get("/api/context/history/k")).json()["items"][-1]
    assert (entry["changeType"], entry["diff"], entry["attributes"]) == (None, [], {"tags": ["a"]})
