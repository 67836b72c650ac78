"""What is encrypted is so wherever it is stored, and stays so; what is bound to a place is refused elsewhere."""

import sqlite3
from typing import Any

import pytest

from application.aggregates import SNAPSHOT_EVENTS
from domain.errors import DamagedEventError
from infrastructure.keys.sqlite import FILE_NAME
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, refused, running_projection
from tests.fixtures.keys import new_master_key
from tests.fixtures.waiting import eventually
from tests.integration.encryption.owner import as_superuser
from tests.integration.encryption.sealed import erased, read_model
from tests.integration.projections.reading import fetch, forget, state

SECRET = "only-for-the-reader"
OPTIONS: dict[str, Any] = {
    "tags": [SECRET],
    "features": [SECRET],
    "permissions": [SECRET],
    "environment": SECRET,
    "documentVersion": SECRET,
    "priority": 77,
    "importance": 0.77,
    "metadata": {SECRET: SECRET},
    "reason": SECRET,
    "action": SECRET,
}
TABLES = ("contextline.events", "current_state_v1.contexts", "current_state_v1.sessions")


async def tables_with(url: str, text: str, *tables: str) -> set[str]:
    """The tables that have a row with the text in any column, as it is or as bytes."""
    found = set()
    for table in tables:
        rows = await fetch(url, f"SELECT r::text AS row FROM {table} AS r")
        if any(text in row["row"] or text.encode().hex() in row["row"] for row in rows):
            found.add(table)
    return found


async def test_rows_of_encrypted_contexts_show_ids_and_times_alone(
    sealed: Api, projection: object, database_url: str
) -> None:
    ids = {"sessionId": "s-1", "agentId": "a-1", "userId": "u-1", "type": "plan"}
    await sealed.stored("k", {"text": SECRET}, encrypt=True, **OPTIONS, **ids)
    session = {"id": "s-1", "userId": "u-1", "data": {"text": SECRET}, "encrypt": True}
    assert (await sealed.http.post("/api/sessions", json=session)).status_code == 201
    await sealed.keys()
    assert await tables_with(database_url, SECRET, *TABLES) == set()
    await sealed.stored("open", {"text": SECRET}, compress=False)
    await sealed.keys()
    assert await tables_with(database_url, SECRET, *TABLES) == set(TABLES[:2])
    await sealed.delete("open")
    await sealed.keys()
    (row,) = await fetch(database_url, "SELECT * FROM current_state_v1.contexts")
    shown = {name: row[name] for name in ("session_id", "agent_id", "user_id", "type", "key", "version")}
    assert shown == {
        "session_id": "s-1", "agent_id": "a-1", "user_id": "u-1", "type": "plan", "key": "k", "version": 1,
    }  # fmt: skip
    hidden = [row[name] for name in ("tags", "features", "environment", "priority", "importance")]
    assert hidden == [[], [], "", -(2**31), -1.0]


async def test_filters_find_encrypted_contexts_by_ids_and_not_by_what_is_hidden(
    sealed: Api, projection: object
) -> None:
    ids = {"sessionId": "s-1", "agentId": "a-1", "userId": "u-1", "type": "plan"}
    await sealed.stored("k", 1, encrypt=True, **OPTIONS, **ids)
    for name, value in ids.items():
        assert await sealed.keys(**{name: value}) == ["k"]
    hidden = {"tag": SECRET, "feature": SECRET, "environment": SECRET, "minImportance": 0, "minPriority": -(2**31) + 1}
    for name, value in hidden.items():
        assert await sealed.keys(**{name: value}) == [], name
    (item,) = (await sealed.listed(include="data"))["items"]
    assert {name: item[name] for name in ("tags", "priority", "importance")} == {
        "tags": [SECRET], "priority": 77, "importance": 0.77,
    }  # fmt: skip


async def test_it_stays_encrypted_through_all_that_follows_until_it_is_said_otherwise(sealed: Api) -> None:
    await sealed.stored("k", {"n": 1}, encrypt=True)
    await sealed.updated("k", {"n": 1}, changeType="increment")
    await sealed.stored("k", {"n": 3})
    assert (await sealed.http.post("/api/context/rollback/k", json={"version": 2})).status_code == 200
    await sealed.delete("k")
    await sealed.stored("k", {"n": 6})
    for version in (1, 2, 3, 4, 6):
        assert (await sealed.got("k", version=version))["encrypted"], version
    await sealed.stored("k", {"n": 7}, encrypt=False)
    assert (await sealed.got("k"))["encrypted"] is False
    # Its patch tells of what was encrypted.
    assert (await sealed.http.post("/api/context/rollback/k", json={"version": 1})).status_code == 200
    assert (await sealed.got("k"))["encrypted"] is True


async def test_encryption_can_be_the_default(database_url: str, clock: MovableClock, key_settings: Any) -> None:
    async with open_api(database_url, clock, **key_settings, encrypt_default=True) as api:
        await api.stored("k", 1)
        await api.stored("open", 1, encrypt=False)
        assert [(await api.got(key))["encrypted"] for key in ("k", "open")] == [True, False]
        for body, encrypted in (({"id": "s"}, True), ({"id": "open", "encrypt": False}, False)):
            assert (await api.http.post("/api/sessions", json=body)).json()["encrypted"] is encrypted


async def test_snapshots_of_encrypted_contexts_are_encrypted_and_used(
    sealed: Api, other: Api, database_url: str
) -> None:
    await sealed.stored("k", [], encrypt=True, metadata={"m": SECRET})
    for number in range(SNAPSHOT_EVENTS):
        await sealed.updated("k", [f"{SECRET} {number}"], changeType="append")

    async def kept() -> bool:
        return bool(await fetch(database_url, "SELECT 1 FROM contextline.snapshots"))

    await eventually(kept)
    assert await tables_with(database_url, SECRET, "contextline.snapshots") == set()
    # What is before it is not needed any more.
    await as_superuser(database_url, "UPDATE contextline.events SET payload = '' WHERE version < 50")
    assert len((await other.got("k"))["data"]) == SNAPSHOT_EVENTS
    await erased(sealed, "k")
    await refused(other, other.get("k"), 410, "context-erased")


async def test_a_payload_that_was_moved_is_refused_with_stream_version_and_position(
    sealed: Api, other: Api, database_url: str
) -> None:
    await sealed.stored("k", 1, encrypt=True)
    await sealed.stored("k", 2)
    # Both are of one kind and under one key: only their places differ.
    await as_superuser(
        database_url,
        "UPDATE contextline.events AS e SET payload = o.payload, type_id = o.type_id "
        "FROM contextline.events AS o WHERE e.version = 2 AND o.version = 1",
    )
    answer = await other.get("k")
    assert (answer.status_code, answer.json()["code"]) == (500, "damaged-event")
    for part in ("version 2", "position 2", "does not decrypt"):
        assert part in answer.json()["detail"]
    assert (await sealed.got("k", version=1))["data"] == 1


@pytest.mark.parametrize("settings", [{}, {"master_key": new_master_key()}])
async def test_without_the_right_keys_the_answer_is_an_error_that_names_the_place(
    sealed: Api, database_url: str, clock: MovableClock, tmp_path: Any, settings: dict[str, Any]
) -> None:
    await sealed.stored("k", 1, encrypt=True)
    await sealed.stored("open", 2)
    async with open_api(database_url, clock, **settings, key_store=tmp_path / "others") as stranger:
        answer = await stranger.get("k")
        assert (answer.status_code, answer.json()["code"]) == (500, "damaged-event")
        assert "version 1 (position 1)" in answer.json()["detail"]
        assert (await stranger.got("open"))["data"] == 2
        # A store over it needs to know what it is.
        assert (await stranger.store("k", 2)).status_code == 500


async def test_a_wrapped_key_that_was_exchanged_gives_an_error_and_no_data(
    sealed: Api, database_url: str, clock: MovableClock, key_settings: dict[str, Any]
) -> None:
    await sealed.stored("a", 1, encrypt=True)
    await sealed.stored("b", 2, encrypt=True)
    file = sqlite3.connect(key_settings["key_store"] / FILE_NAME, isolation_level=None)
    one, two = file.execute("SELECT key_id, wrapped FROM keys").fetchall()
    file.execute("UPDATE keys SET wrapped = ? WHERE key_id = ?", (two[1], one[0]))
    file.close()
    async with open_api(database_url, clock, **key_settings) as fresh:
        answers = [await fresh.get(key) for key in ("a", "b")]
        assert sorted(answer.status_code for answer in answers) == [200, 500]
        assert "does not decrypt" in next(answer for answer in answers if answer.status_code == 500).json()["detail"]


async def test_a_projection_without_keys_tells_what_it_can_not_read(
    sealed: Api, database_url: str, clock: MovableClock
) -> None:
    await sealed.stored("k", 1, encrypt=True)
    async with running_projection(database_url, clock):

        async def told() -> bool:
            error = (await state(database_url)).get("error") or ""
            return "version 1 (position 1)" in error and DamagedEventError.__name__ in error

        await eventually(told)


async def test_a_read_model_with_encrypted_rows_is_built_anew_as_it_was(
    sealed: Api, database_url: str, clock: MovableClock, key_settings: dict[str, Any]
) -> None:
    async with running_projection(database_url, clock, **key_settings):
        for number in range(6):
            await sealed.stored(f"k{number}", {"n": number}, encrypt=number % 2 == 0, tags=["a"], sessionId="s")
            await sealed.updated(f"k{number}", {"n": 1}, changeType="increment")
        for key in ("k0", "k2"):
            await erased(sealed, key)
        await sealed.stored("k2", "anew")
        await sealed.stored("k4", "in the clear now", encrypt=False)
        await sealed.keys()
        live = await read_model(sealed, database_url)
    await forget(database_url)
    async with running_projection(database_url, clock, **key_settings):
        await sealed.keys()
        assert await read_model(sealed, database_url) == live


async def test_moved_from_session_to_session_a_context_goes_on(sealed: Api, other: Api, projection: object) -> None:
    await sealed.stored("k", {"n": 0}, encrypt=True, sessionId="s-0")
    for number in range(1, 5):
        process = other if number % 2 else sealed
        await process.updated("k", {"n": 1}, changeType="increment", sessionId=f"s-{number}", userId=f"u-{number}")
    assert (await sealed.got("k"))["data"] == (await other.got("k"))["data"] == {"n": 4}
    assert (await other.got("k", version=3))["data"] == {"n": 2}
    (item,) = (await sealed.listed(include="data", minPosition=await sealed.log_end()))["items"]
    assert item["data"] == {"n": 4}
