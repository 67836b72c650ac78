"""Large documents, from the API through the log, snapshots and the read model: they come back, and are kept once."""

import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.contexts import ContextRef
from domain.contexts.context import Context
from domain.values import identical
from infrastructure.eventstore.snapshots import PostgresSnapshots
from infrastructure.payloads.codec import Codec
from projections.current_state.v1 import contexts, known, read, reader
from projections.current_state.v1.project import CurrentState
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, refused, running_projection
from tests.fixtures.servers import Server
from tests.fixtures.waiting import eventually
from tests.integration.projections.reading import catch_up, fetch, forget
from tests.unit.domain.strategies import documents, texts

SMALL: dict[str, Any] = {"large_value_bytes": 1024, "max_request_bytes": 32 * 1024 * 1024}
"""Settings with which a document of a few kilobytes has large values."""
TEXT = "".join(chr(0x4E00 + n) for n in range(2_000))
ALSO = TEXT[::-1]

long_texts = st.sampled_from([TEXT, ALSO, "x" * 3_000]) | st.integers(0, 9).map(lambda n: f"{n} {TEXT}")
look_alikes = st.binary(min_size=33, max_size=70).map(lambda raw: "Ç!\u0001" + raw.decode("latin-1").replace("\0", "0"))
large = st.recursive(
    documents | long_texts | look_alikes,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts | long_texts, inner, max_size=5),
    max_leaves=12,
)


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest_asyncio.fixture
async def opened(url: str, clock: MovableClock) -> AsyncIterator[Api]:
    async with open_api(url, clock, **SMALL) as api:
        yield api


@pytest.fixture
def cold(url: str, clock: MovableClock) -> Callable[[], Any]:
    """Another process: what it knows, it knows from the database."""
    return lambda: open_api(url, clock, **SMALL)


async def follow(url: str, clock: MovableClock, end: int, **options: Any) -> None:
    """Bring the read model there, with these settings."""
    await catch_up(url, clock, end, projection=CurrentState(Codec(large_above=SMALL["large_value_bytes"])), **options)


async def kept(url: str) -> list[dict[str, Any]]:
    return await fetch(url, "SELECT tenant_id, hash, size FROM contextline.large_values")


async def roll_back(api: Api, key: str, **to: Any) -> None:
    answer = await api.http.post("/api/context/rollback", params={"key": key}, json=to)
    assert answer.status_code == 200, answer.text


async def test_one_value_in_contexts_versions_a_checkpoint_and_a_rollback_is_one_row(
    opened: Api, url: str, clock: MovableClock, cold: Callable[[], Any]
) -> None:
    for key in ("a", "b", "c"):
        await opened.stored(key, {"text": TEXT, "of": key})
    for version in range(2, 6):
        await opened.stored("a", {"text": TEXT, "version": version})
    await opened.updated("a", {"note": "here"}, changeType="merge", checkpoint="here")
    await opened.stored("a", "nothing of it")
    await roll_back(opened, "a", checkpoint="here")
    await opened.updated("b", [{"op": "add", "path": "/copy", "value": {"of": TEXT}}], changeType="jsonPatch")
    assert len(await kept(url)) == 1
    await follow(url, clock, await opened.log_end())
    assert len(await kept(url)) == 1
    async with cold() as other:
        assert (await other.got("a"))["data"] == {"text": TEXT, "version": 5, "note": "here"}
        assert (await other.got("a", version=3))["data"] == {"text": TEXT, "version": 3}
        assert (await other.got("b"))["data"]["copy"] == {"of": TEXT}
    items = (await opened.listed(include="data", order="key"))["items"]
    assert [item["data"]["text"] for item in items] == [TEXT] * 3


@pytest.fixture(scope="module")
def shared_url(postgres18: Server) -> Iterator[str]:
    with postgres18.database() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(shared_url: str) -> AsyncIterator[tuple[Api, Api]]:
    """Two processes, and a read model that follows."""
    clock = MovableClock()
    async with (
        open_api(shared_url, clock, **SMALL) as one,
        open_api(shared_url, clock, **SMALL) as other,
        running_projection(shared_url, clock, **SMALL),
    ):
        yield one, other


@pytest.mark.asyncio(loop_scope="module")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(large, large)
async def test_any_document_comes_back_through_events_snapshots_and_the_read_model(
    pair: tuple[Api, Api], one: Any, other: Any
) -> None:
    api, another = pair
    first = (await api.stored("k", one))["version"]
    await api.updated("k", [{"op": "replace", "path": "", "value": [one, other]}], changeType="jsonPatch")
    for process in pair:
        assert identical((await process.got("k"))["data"], [one, other])
        assert identical((await process.got("k", version=first))["data"], one)
    await api.updated("k", [other], changeType="append")
    expected = [one, other, other]
    store = api.services.store
    context, _ = await api.services.contexts.get(ContextRef("default", "", "k"))
    # A snapshot, whether one is due or not.
    async with PostgresSnapshots(store.database, store.tenants, Codec(large_above=SMALL["large_value_bytes"])) as kept:

        async def newest() -> Context | None:
            found = await kept.newest("default", context.id, Context)
            return found if found and found.version == context.version else None

        kept.offer("default", context.id, context, 1)
        assert identical((await eventually(newest)).data, expected)
    assert identical((await another.got("k"))["data"], expected)
    (item,) = (await another.listed(minPosition=await store.end(), include="data", keyPrefix="k"))["items"]
    assert identical(item["data"], expected)


async def test_a_list_without_data_reads_no_values(opened: Api, url: str, clock: MovableClock) -> None:
    await opened.stored("k", {"text": TEXT})
    await follow(url, clock, await opened.log_end())
    await fetch(url, "DELETE FROM contextline.large_values")
    (item,) = (await opened.listed())["items"]
    assert item["key"] == "k"
    problem = await refused(
        opened, opened.http.get("/api/context/list", params={"include": "data"}), 500, "damaged-event"
    )
    assert "'k'" in problem["detail"]
    assert "position 1" in problem["detail"]


async def test_a_missing_value_is_told_by_stream_version_and_position(
    opened: Api, url: str, cold: Callable[[], Any]
) -> None:
    await opened.stored("k", "small")
    position = (await opened.stored("k", {"text": TEXT}))["position"]
    await fetch(url, "DELETE FROM contextline.large_values")
    async with cold() as other:
        problem = await refused(other, other.get("k"), 500, "damaged-event")
        assert f"version 2 (position {position})" in problem["detail"]
        assert "large value" in problem["detail"]
        await opened.stored("other", "small")
        assert (await other.got("other"))["data"] == "small"


async def test_a_document_that_grew_by_small_changes_leaves_nothing_behind(
    opened: Api, url: str, clock: MovableClock, cold: Callable[[], Any]
) -> None:
    """Its events hold nothing large. Its row and its snapshot are written over: what they alone had referred to would
    stay for ever."""
    await opened.stored("k", {"text": TEXT, "lines": []})
    for number in range(120):
        await opened.updated("k", {"lines": [f"line {number} of a text that gets long"]}, changeType="append")
    await eventually(lambda: fetch(url, "SELECT 1 FROM contextline.snapshots"))
    await follow(url, clock, await opened.log_end(), batch=30)
    assert len(await kept(url)) == 1
    lines = [f"line {number} of a text that gets long" for number in range(120)]
    (item,) = (await opened.listed(include="data"))["items"]
    assert item["data"] == {"text": TEXT, "lines": lines}
    async with cold() as other:
        assert (await other.got("k"))["data"] == {"text": TEXT, "lines": lines}
    (snapshot,) = await fetch(url, "SELECT octet_length(payload) AS size FROM contextline.snapshots")
    assert snapshot["size"] < 5_000


async def test_a_row_refers_to_what_its_events_refer_to(opened: Api, url: str, clock: MovableClock) -> None:
    data = {"text": TEXT, "more": [ALSO, {"and": TEXT}]}
    await opened.stored("k", data)
    await opened.updated("k", {"n": 1}, changeType="merge")
    for batch in (1, 2):
        await follow(url, clock, await opened.log_end(), batch=batch)
        (row,) = await fetch(url, "SELECT octet_length(data) AS size FROM current_state_v1.contexts")
        assert row["size"] < 300
        assert identical((await opened.listed(include="data"))["items"][0]["data"], {**data, "n": 1})
        await forget(url)


async def test_a_page_of_large_data_is_shorter_and_the_next_one_goes_on(
    opened: Api, url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        await opened.stored(f"k{number}", {"text": f"{number} {TEXT}", "n": number})
    for number in range(9, 12):
        await opened.stored(f"k{number}", [f"{number} {n}" for n in range(90)], compress=False)
    await follow(url, clock, await opened.log_end())
    for module in (read, reader):
        monkeypatch.setattr(module, "PAGE_BYTES", 3 * 256 * 1024)
    for order in ("created", "-created", "key"):
        pages = await opened.pages(include="data", order=order, limit=10)
        keys = [item["key"] for page in pages for item in page]
        assert sorted(keys) == sorted(f"k{n}" for n in range(12))
        assert len(pages) == 3
        assert len(await opened.pages(order=order, limit=10)) == 2
    for module in (read, reader):
        monkeypatch.setattr(module, "PAGE_BYTES", 10)
    assert [len(page) for page in await opened.pages(include="data")] == [1] * 12


async def test_a_session_may_have_large_data(
    opened: Api, url: str, clock: MovableClock, cold: Callable[[], Any]
) -> None:
    created = await opened.http.post("/api/sessions", json={"id": "s", "data": {"text": TEXT}})
    assert created.status_code == 201
    ended = await opened.http.post(
        "/api/sessions/complete", params={"id": "s"}, json={"outcome": {"text": TEXT, "n": 1}}
    )
    assert ended.status_code == 200
    assert len(await kept(url)) == 1
    await follow(url, clock, await opened.log_end(), batch=1)
    async with cold() as other:
        read_back = (await other.http.get("/api/sessions/get", params={"id": "s"})).json()
        (listed,) = (await other.http.get("/api/sessions")).json()["items"]
    for session in (read_back, listed):
        assert session["data"] == {"text": TEXT}
        assert session["outcome"] == {"text": TEXT, "n": 1}
    assert len(await kept(url)) == 1


async def test_very_large_documents_come_back(
    opened: Api, url: str, clock: MovableClock, cold: Callable[[], Any]
) -> None:
    words = " ".join(str(n) for n in range(1_000_000))
    document = {"text": words, "numbers": list(range(500_000)), "names": {f"{n}": n / 7 for n in range(70_000)}}
    body = json.dumps({"key": "k", "data": document}).encode()
    assert len(body) > 10 * 1024 * 1024
    answer = await opened.http.post("/api/context/store", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 201
    await follow(url, clock, await opened.log_end())
    async with cold() as other:
        assert identical((await other.got("k"))["data"], document)
        (item,) = (await other.listed(include="data"))["items"]
        assert identical(item["data"], document)
    # The longer list stands in the row itself, and the rest by reference.
    await opened.updated("k", {"numbers": [1]}, changeType="append")
    await follow(url, clock, await opened.log_end())
    (item,) = (await opened.listed(include="data"))["items"]
    document["numbers"].append(1)
    assert identical(item["data"], document)


async def test_rows_that_hold_much_themselves_are_read_some_at_a_time(
    opened: Api, url: str, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = random.Random(1)
    for number in range(10):
        await opened.stored(f"k{number}", {"noise": []})
        await opened.updated(
            f"k{number}", {"noise": [noise.randbytes(300).hex() for _ in range(100)]}, changeType="append"
        )
    await follow(url, clock, await opened.log_end())
    for number in range(10):
        await opened.updated(f"k{number}", {"n": number}, changeType="merge")
    groups = []
    in_groups = contexts.in_groups

    async def noting(*arguments: Any) -> Any:
        async for keys, rows in in_groups(*arguments):
            groups.append(sum(len(row[-1]) for row in rows.values()))
            yield keys, rows

    monkeypatch.setattr(contexts, "in_groups", noting)
    monkeypatch.setattr(known, "GROUP_BYTES", 100_000)
    await follow(url, clock, await opened.log_end())
    assert len(groups) == 4
    assert max(groups) <= 100_000
    items = (await opened.listed(include="data"))["items"]
    assert [item["data"]["n"] for item in items] == list(range(10))
    assert all(len(item["data"]["noise"]) == 100 for item in items)
