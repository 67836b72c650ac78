"""An erasure that is cut short is finished by asking again or by the next process; no writer comes in between."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from application.ports import Write
from domain.errors import DatabaseUnavailableError
from domain.recorded import Event, Origin, Recorded
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.keys.ledger import Entry
from infrastructure.keys.sqlite import SqliteKeyStore
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, refused
from tests.fixtures.waiting import eventually
from tests.integration.encryption.sealed import erase, erased, history

ROOT = Path(__file__).resolve().parents[3]

# Arguments: the database, the folder of the key store, and the step after which it is killed.
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from application.contexts import ContextRef
from domain.recorded import Origin
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.keys.ledger import ErasureLedger
from infrastructure.keys.ring import KeyRing
from infrastructure.settings import Settings
from interfaces.bootstrap import services

url, folder, step = sys.argv[1:]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

append = ErasureLedger.append
if step == "ledger":
    ErasureLedger.append = lambda ledger, entry: (append(ledger, entry), die())
elif step == "keys":
    PostgresEventStore.append = die
else:
    KeyRing.settled = die

async def main():
    async with services(Settings(_env_file=None, key_store=Path(folder)), url) as wired:
        await wired.erasure.erase_context(ContextRef("default", "", "plan"), "asked for", Origin())

asyncio.run(main())
"""


def key_store(api: Api) -> SqliteKeyStore:
    keys: Any = api.services.erasure._keys
    store: SqliteKeyStore = keys.store
    return store


class Gate:
    """Holds the appends of one process until it is opened; `reached` tells that one waits."""

    def __init__(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        writer = api.services.store.writer
        append = writer.append

        async def held(request: Any) -> Any:
            self.reached.set()
            await self.open.wait()
            return await append(request)

        monkeypatch.setattr(writer, "append", held)


async def fails(*_: Any) -> Any:
    raise DatabaseUnavailableError("the database can't be reached; nothing was written")


async def test_keys_destroyed_and_the_log_not_told_asking_again_finishes(
    sealed: Api, other: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed.stored("plan", 1, encrypt=True)
    with monkeypatch.context() as patched:
        patched.setattr(sealed.services.store, "append", fails)
        answer = await erase(sealed, "plan", reason="asked for", changedBy="me")
        assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    # Its key is gone whatever the log says.
    assert key_store(sealed).status()[3:6] == (0, 1, 1)
    await refused(other, other.get("plan"), 410, "context-erased")
    assert (await erased(sealed, "plan", reason="asked for", changedBy="me"))["version"] == 2
    assert key_store(sealed).status().pending == 0
    assert [entry["event"] for entry in await history(sealed, "plan")] == ["context-created", "context-erased"]


async def test_keys_destroyed_and_the_log_not_told_the_next_process_finishes(
    sealed: Api,
    database_url: str,
    clock: MovableClock,
    key_settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await sealed.stored("plan", 1, encrypt=True)
    await sealed.http.post("/api/sessions", json={"id": "s", "encrypt": True})
    with monkeypatch.context() as patched:
        patched.setattr(sealed.services.store, "append", fails)
        await erase(sealed, "plan", reason="asked for", changedBy="me")
        keys: Any = sealed.services.erasure._keys
        await keys.destroy("default", ["session\ns"], "session", None, None)
    async with open_api(database_url, clock, **key_settings) as fresh:
        await eventually(lambda: key_store(fresh).status().pending == 0)
        (_, gone) = await history(fresh, "plan")
        assert (gone["event"], gone["reason"], gone["actor"]) == ("context-erased", "asked for", "me")
        end = await fresh.log_end()
        await refused(fresh, fresh.http.get("/api/sessions/get/s"), 410, "session-erased")
    async with open_api(database_url, clock, **key_settings) as again:
        assert await again.services.erasure.finish() == 0
        assert await again.log_end() == end


async def test_written_in_the_ledger_alone_it_is_done_by_the_next_process(
    sealed: Api, database_url: str, clock: MovableClock, key_settings: dict[str, Any]
) -> None:
    await sealed.stored("plan", 1, encrypt=True)
    store = key_store(sealed)
    ((key_id, _),) = store._file.run("wrapped_keys", after=b"", limit=9)
    with store._file.changing():
        store._ledger.append(Entry("00", datetime.now(UTC), "context", (key_id.hex(),)))
    async with open_api(database_url, clock, **key_settings) as fresh:
        await eventually(lambda: key_store(fresh).status().pending == 0)
        await refused(fresh, fresh.get("plan"), 410, "context-erased")
        await refused(sealed, sealed.get("plan"), 410, "context-erased")
        assert [entry["event"] for entry in await history(fresh, "plan")] == ["context-created", "context-erased"]


@pytest.mark.parametrize("step", ["ledger", "keys", "log"])
async def test_killed_after_any_step_the_next_process_finishes_and_tells_it_once(
    sealed: Api, database_url: str, clock: MovableClock, key_settings: dict[str, Any], step: str
) -> None:
    await sealed.stored("plan", 1, encrypt=True)
    arguments = [database_url, str(key_settings["key_store"]), step]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CONTEXTLINE_MASTER_KEY": key_settings["master_key"]}
    command = [sys.executable, "-c", KILLED, *arguments]
    killed = await asyncio.to_thread(subprocess.run, command, env=environment, cwd=key_settings["key_store"])
    assert killed.returncode == -signal.SIGKILL
    async with open_api(database_url, clock, **key_settings) as fresh:
        await eventually(lambda: key_store(fresh).status()[3:6] == (0, 1, 0))
        for process in (fresh, sealed):
            await refused(process, process.get("plan"), 410, "context-erased")
        assert (await erased(fresh, "plan"))["version"] == 2
        assert [entry["event"] for entry in await history(fresh, "plan")] == ["context-created", "context-erased"]


async def test_a_store_that_was_on_its_way_when_its_session_was_erased_leaves_nothing_readable(
    sealed: Api, other: Api, projection: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    await other.stored("known", 1, encrypt=True, sessionId="s")
    await other.keys()
    gate = Gate(sealed, monkeypatch)
    storing = asyncio.create_task(sealed.store("plan", 1, encrypt=True, sessionId="s"))
    await gate.reached.wait()
    answer = await other.http.post("/api/sessions/erase/s", json={})
    # Its stream does not exist yet: there is nothing to tell it.
    assert answer.json()["erasedContexts"] == 1
    gate.open.set()
    assert (await storing).status_code in (200, 201)
    for process in (sealed, other):
        await refused(process, process.get("plan"), 410, "context-erased")
    assert await other.keys() == []
    assert key_store(other).status().pending == 0
    assert (await sealed.store("plan", 2)).status_code == 201
    assert (await other.got("plan"))["data"] == 2


async def test_an_update_that_was_on_its_way_is_refused(
    sealed: Api, other: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed.stored("plan", {"n": 1}, encrypt=True)
    gate = Gate(sealed, monkeypatch)
    updating = asyncio.create_task(sealed.update("plan", {"n": 1}, changeType="increment"))
    await gate.reached.wait()
    await erased(other, "plan")
    gate.open.set()
    answer = await updating
    assert (answer.status_code, answer.json()["code"]) == (410, "context-erased")
    assert key_store(other).status().keys == 0


async def test_a_write_that_comes_between_the_keys_and_the_log_is_erased_too(
    sealed: Api, other: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed.stored("plan", {"n": 1}, encrypt=True)
    await other.got("plan")
    append = PostgresEventStore.append
    store = sealed.services.store

    async def after_another_write(tenant: str, writes: Sequence[Write], origin: Origin) -> Sequence[Recorded[Event]]:
        monkeypatch.undo()
        # It goes by what it remembers, and gets a new key.
        await other.updated("plan", {"n": 1}, changeType="increment")
        return await append(store, tenant, writes, origin)

    monkeypatch.setattr(store, "append", after_another_write)
    done = await erased(sealed, "plan")
    assert done["version"] == 3
    assert key_store(sealed).status()[3:6] == (0, 2, 0)
    assert key_store(sealed).status().erasures == 2
    for process in (sealed, other):
        await refused(process, process.get("plan"), 410, "context-erased")
    (_, updated, gone) = await history(other, "plan")
    assert (updated["event"], updated["erased"], gone["event"]) == ("context-updated", True, "context-erased")


async def test_erased_by_two_processes_at_once_it_is_told_once(sealed: Api, other: Api) -> None:
    await sealed.stored("plan", 1, encrypt=True)
    answers = await asyncio.gather(*(erased(process, "plan") for process in (sealed, other) * 4))
    assert {answer["version"] for answer in answers} == {2}
    assert await sealed.log_end() == 2
    assert key_store(sealed).status().pending == 0


async def test_a_key_that_no_store_has_used_is_destroyed_without_a_word(
    sealed: Api, projection: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed.stored("known", 1, encrypt=True, sessionId="s")
    await sealed.keys()
    with monkeypatch.context() as patched:
        patched.setattr(sealed.services.store.writer, "append", fails)
        assert (await sealed.store("plan", 1, encrypt=True, sessionId="s")).status_code == 503
    assert key_store(sealed).status().keys == 2
    answer = await sealed.http.post("/api/sessions/erase/s", json={})
    assert answer.json()["erasedContexts"] == 1
    assert key_store(sealed).status()[3:6] == (0, 2, 0)
    await refused(sealed, sealed.get("plan"), 404, "context-not-found")
