"""After an erasure and a checkpoint nothing in the whole data folder, and no dump, holds what was erased.

It is looked for as it was written: in every file, the write-ahead log and the key store among them, and in a dump of
every table. What was stored in the clear beside it is found in the same places, so the search can fail.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from application.aggregates import SNAPSHOT_EVENTS
from infrastructure.keys.sqlite import FILE_NAME
from infrastructure.postgres.embedded import EmbeddedPostgres
from infrastructure.postgres.migrate import migrate
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, refused, running_projection
from tests.fixtures.keys import new_master_key
from tests.fixtures.waiting import eventually
from tests.integration.encryption.data_folder import LEGIBLE, DataFolder, mark
from tests.integration.encryption.sealed import erased, read_model
from tests.integration.postgres.embedded_support import reachable_folder
from tests.integration.projections.reading import fetch, forget

LAST = SNAPSHOT_EVENTS + 4


class Story:
    """Contexts, a decision and a session with marks wherever text can stand, in every event, in a long history."""

    def __init__(self, api: Api, name: str, encrypt: bool) -> None:
        self._api, self._name, self._encrypt = api, name, encrypt
        self.marks: list[str] = []

    def _mark(self, what: str) -> str:
        self.marks.append(mark(what))
        return self.marks[-1]

    def _data(self) -> Any:
        return {"text": self._mark("data"), "list": [self._mark("item")], self._mark("member"): 1}

    def _options(self) -> dict[str, Any]:
        names = {name: self._mark(name) for name in ("environment", "documentVersion", "action", "reason")}
        lists = {name: [self._mark(name)] for name in ("tags", "features", "permissions")}
        metadata = {self._mark("metadata"): self._mark("value")}
        return {**names, **lists, "metadata": metadata, "sessionId": self._name, "compress": False}

    async def tell(self) -> None:
        api, key, encrypt = self._api, self._name, self._encrypt
        await api.stored(key, self._data(), encrypt=encrypt, **self._options())
        why = {name: self._mark(name) for name in ("action", "reason", "checkpoint")}
        await api.updated(key, self._data(), changeType="merge", metadata={"why": self._mark("why")}, **why)
        await api.updated(key, {"list": [self._mark("added")]}, changeType="append", tags=[self._mark("tag")])
        await api.stored(key, self._data(), **self._options())
        body = {"version": 2, "options": {"reason": self._mark("rollback"), "metadata": {"m": self._mark("m")}}}
        assert (await api.http.post(f"/api/context/rollback/{key}", json=body)).status_code == 200
        # To a user and away again: each has a key of its own.
        await api.updated(key, {"of": self._mark("user")}, changeType="merge", userId="u-1")
        await api.updated(key, {"of": self._mark("nobody")}, changeType="merge", userId=None)
        await api.stored(f"{key}-gone", self._data(), encrypt=encrypt, **self._options())
        await api.delete(f"{key}-gone", reason=self._mark("deleted"))
        for number in range(SNAPSHOT_EVENTS + 5):
            await api.updated(key, {"n": number, "last": self._mark("last")}, changeType="merge")
        # Above the limits of what is compressed, and of what is kept as a value by itself.
        long = " ".join(self._mark("long") for _ in range(2_000))
        await api.stored(f"{key}-long", long, encrypt=encrypt, **self._options())
        await self._decide(encrypt)
        session = {"id": key, "data": self._data(), "metadata": {"m": self._mark("session")}, "encrypt": encrypt}
        created = await api.http.post("/api/sessions", json=session)
        assert created.status_code == 201, created.text
        ended = {"outcome": self._data(), "reason": self._mark("ended")}
        assert (await api.http.post(f"/api/sessions/complete/{key}", json=ended)).status_code == 200

    async def _decide(self, encrypt: bool) -> None:
        texts = {name: self._mark(name) for name in ("contextHash", "reasoning")}
        lists = {"features": [self._mark("feature")], "alternatives": [self._mark("alternative")]}
        body = {"id": self._name, "sessionId": self._name, "decision": self._data(), "encrypt": encrypt}
        made = await self._api.http.post("/api/decisions", json={**body, **texts, **lists})
        assert made.status_code == 201, made.text
        for what, told in {
            "outcome": {"outcome": "success", "details": self._data(), "reason": self._mark("outcome")},
            "override": {"by": self._mark("by"), "instead": self._data(), "reason": self._mark("override")},
            "feedback": {"score": 1, "by": self._mark("critic"), "comment": self._mark("comment")},
        }.items():
            answer = await self._api.http.post(f"/api/decisions/{what}/{self._name}", json=told)
            assert answer.status_code == 200, answer.text


@pytest.fixture
def data_folder() -> Iterator[DataFolder]:
    with reachable_folder() as folder:
        postgres = EmbeddedPostgres(folder / "data", settings=LEGIBLE)
        postgres.start()
        try:
            migrate(postgres.url())
            yield DataFolder(folder / "data", postgres)
        finally:
            postgres.stop()


@pytest.fixture
def settings(data_folder: DataFolder) -> dict[str, Any]:
    """Of all processes. Nothing is compressed, so that what stands somewhere can be read there."""
    keys = {"master_key": new_master_key(), "key_store": data_folder.keys}
    return {**keys, "max_request_bytes": 2**24, "compress_above": 2**30, "compression_dictionaries": False}


@asynccontextmanager
async def processes(url: str, clock: MovableClock, settings: dict[str, Any]) -> AsyncIterator[tuple[Api, Api]]:
    """Two API processes and a projection."""
    async with (
        open_api(url, clock, **settings) as api,
        open_api(url, clock, **settings) as other,
        running_projection(url, clock, **settings),
    ):
        yield api, other


async def test_nothing_of_an_erased_session_is_left_in_any_file_table_or_dump(
    data_folder: DataFolder, settings: dict[str, Any], clock: MovableClock
) -> None:
    url = data_folder.postgres.url()
    async with processes(url, clock, settings) as (api, other):
        sealed, clear = Story(api, "sealed", encrypt=True), Story(api, "clear", encrypt=False)
        await sealed.tell()
        await clear.tell()
        assert await api.keys(order="key") == ["clear", "clear-long", "sealed", "sealed-long"]

        async def has_snapshots() -> bool:
            return await count(url, "SELECT count(*) AS n FROM contextline.snapshots") >= 2

        await eventually(has_snapshots)
        assert (await other.got("sealed"))["data"]["n"] == LAST
        assert await count(url, "SELECT count(*) AS n FROM contextline.large_values") >= 2
        dump_before, store_before = data_folder.dump(), (data_folder.keys / FILE_NAME).read_bytes()
        wrapped = data_folder.wrapped_keys()
        assert len(wrapped) == 6

        answer = await api.http.post("/api/sessions/erase/sealed", json={"reason": "asked for"})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["erasedContexts"], told["erasedSessions"], told["clearTotal"]) == (3, 1, 0)
        assert told["erasedDecisions"] == 1
        await api.keys()
        data_folder.checkpoint()

        found = await asyncio.to_thread(data_folder.found)
        assert {text: where for text, where in found.items() if text in sealed.marks} == {}
        assert [text for text in clear.marks if "the dump" not in found.get(text, ())] == []
        files = {name for text in clear.marks for name in found[text]}
        assert any(name.startswith("postgres/base/") for name in files)
        assert any(name.startswith("postgres/pg_wal/") for name in files)

        await everything_erased_is_gone(api)
        await everything_erased_is_gone(other)
        assert (await api.got("clear"))["data"]["n"] == LAST
    no_key_is_left(data_folder, wrapped)
    await a_read_model_that_is_built_anew_equals_the_live_one(url, clock, settings)
    await an_old_dump_gives_nothing_back(data_folder, dump_before, clock, settings)
    await an_old_key_store_gives_nothing_back(data_folder, store_before, clock, settings)


async def count(url: str, statement: str) -> int:
    (found,) = await fetch(url, statement)
    return int(found["n"])


async def everything_erased_is_gone(api: Api) -> None:
    for key in ("sealed", "sealed-gone", "sealed-long"):
        await refused(api, api.get(key), 410, "context-erased")
        await refused(api, api.get(key, version=1), 410, "context-erased")
    await refused(api, api.http.get("/api/sessions/get/sealed"), 410, "session-erased")
    await refused(api, api.http.get("/api/decisions/get/sealed"), 410, "decision-erased")


def no_key_is_left(data_folder: DataFolder, wrapped: list[bytes]) -> None:
    assert data_folder.wrapped_keys() == []
    for path in data_folder.files():
        content = path.read_bytes()
        assert [key for key in wrapped if key in content] == [], path
    # Nor whose they were: it is told by the log alone.
    assert b"sealed" not in (data_folder.keys / FILE_NAME).read_bytes()


async def a_read_model_that_is_built_anew_equals_the_live_one(
    url: str, clock: MovableClock, settings: dict[str, Any]
) -> None:
    async with processes(url, clock, settings) as (api, _):
        assert await api.keys(order="key") == ["clear", "clear-long"]
        live = await read_model(api, url)
    await forget(url)
    async with processes(url, clock, settings) as (api, _):
        await api.keys()
        assert await read_model(api, url) == live


async def an_old_dump_gives_nothing_back(
    data_folder: DataFolder, dump: bytes, clock: MovableClock, settings: dict[str, Any]
) -> None:
    async with processes(data_folder.restore(dump, "restored"), clock, settings) as (api, _):
        await everything_erased_is_gone(api)
        assert (await api.got("clear"))["data"]["n"] == LAST
        assert await api.keys(order="key") == ["clear", "clear-long"]
        # The log of that backup does not tell it yet; asking again makes it.
        end = await api.log_end()
        await erased(api, "sealed")
        assert await api.log_end() == end + 1


async def an_old_key_store_gives_nothing_back(
    data_folder: DataFolder, store: bytes, clock: MovableClock, settings: dict[str, Any]
) -> None:
    await asyncio.to_thread((data_folder.keys / FILE_NAME).write_bytes, store)
    assert len(data_folder.wrapped_keys()) == 6
    async with processes(data_folder.postgres.url(), clock, settings) as (api, _):
        end = await api.log_end()
        await everything_erased_is_gone(api)
        assert data_folder.wrapped_keys() == []
        # The log tells it already.
        assert api.services.erasure is not None
        await api.services.erasure.finish()
        assert await api.log_end() == end
