"""Large values of what is encrypted: shared under their own key alone, and gone with it."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from application.aggregates import SNAPSHOT_BYTES
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, refused, running_projection
from tests.fixtures.waiting import eventually
from tests.integration.encryption.sealed import erased
from tests.integration.projections.reading import fetch

TEXT = "".join(chr(0x4E00 + n) for n in range(15_000))
"""45,000 bytes: with what is said of it, less than a request may have."""
SETTINGS: dict[str, Any] = {"large_value_bytes": 1024}


@pytest_asyncio.fixture
async def sealed_small(database_url: str, clock: MovableClock, key_settings: dict[str, Any]) -> AsyncIterator[Api]:
    """The API with keys, for which a text of a kilobyte is large."""
    async with open_api(database_url, clock, **key_settings, **SETTINGS) as opened:
        yield opened


@pytest_asyncio.fixture
async def other_small(
    sealed_small: Api, database_url: str, clock: MovableClock, key_settings: dict[str, Any]
) -> AsyncIterator[Api]:
    """Another process on the same database and key store."""
    async with open_api(database_url, clock, **key_settings, **SETTINGS) as opened:
        yield opened


@pytest_asyncio.fixture
async def projection_small(
    sealed_small: Api, database_url: str, clock: MovableClock, key_settings: dict[str, Any]
) -> AsyncIterator[object]:
    """The current state, with the same settings."""
    async with running_projection(database_url, clock, **key_settings, **SETTINGS) as task:
        yield task


async def hashes(url: str) -> set[bytes]:
    return {row["hash"] for row in await fetch(url, "SELECT hash FROM contextline.large_values")}


async def test_an_encrypted_value_is_shared_under_its_own_key_alone(
    sealed_small: Api, other_small: Api, projection_small: object, database_url: str
) -> None:
    api = sealed_small
    plain = hashlib.sha256(TEXT.encode()).digest()
    for key in ("a", "b"):
        await api.stored(key, {"text": TEXT}, encrypt=True)
    found = await hashes(database_url)
    assert len(found) == 2
    assert plain not in found
    for version in range(3):
        await api.stored("a", {"text": TEXT, "again": version}, encrypt=True)
    assert await hashes(database_url) == found
    await api.stored("clear", {"text": TEXT})
    assert await hashes(database_url) == found | {plain}
    assert (await other_small.got("a"))["data"] == {"text": TEXT, "again": 2}
    items = (await api.listed(minPosition=await api.log_end(), include="data", order="key"))["items"]
    assert [item["data"]["text"] for item in items] == [TEXT] * 3
    # The rows refer to what the events refer to, and hold nothing of it themselves.
    rows = await fetch(database_url, "SELECT max(octet_length(data)) AS size FROM current_state_v1.contexts")
    assert rows[0]["size"] < 300
    assert await hashes(database_url) == found | {plain}


async def test_with_the_key_the_values_are_gone(
    sealed_small: Api, other_small: Api, projection_small: object, database_url: str
) -> None:
    api = sealed_small
    for version in range(SNAPSHOT_BYTES // len(TEXT.encode()) + 2):
        await api.stored("k", {"text": f"{version} {TEXT}"}, encrypt=True)
    await api.stored("stays", {"text": TEXT}, encrypt=True)
    await eventually(lambda: fetch(database_url, "SELECT 1 FROM contextline.snapshots"))
    await erased(api, "k")
    for process in (api, other_small):
        await refused(process, process.get("k"), 410, "context-erased")
        await refused(process, process.get("k", version=1), 410, "context-erased")
        assert (await process.got("stays"))["data"] == {"text": TEXT}
    assert await api.keys() == ["stays"]
    # A collector may take them away, whenever it comes: nothing asks for them.
    await fetch(database_url, "DELETE FROM contextline.large_values")
    await refused(other_small, other_small.get("k", version=1), 410, "context-erased")
    history: Any = (await api.http.get("/api/context/history", params={"key": "k", "limit": 2})).json()
    assert [entry["erased"] for entry in history["items"]] == [True, True]
    for event in await api.services.store.reader.log(0, 2):
        assert type(event.event).__name__ == "Erased"
