"""A tenant's dictionary is trained on its events, kept for ever, taken up by writers and found by readers."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
import zstandard

from application.contexts import ContextRef
from application.ports import Write
from benchmarks.payloads import updates
from domain.contexts.commands import StoreContext
from domain.contexts.events import Attributes, ContextUpdated
from domain.errors import DamagedEventError, DatabaseUnavailableError
from domain.recorded import Event, Origin, Recorded, stream_id
from infrastructure.eventstore import train_dictionary as training
from infrastructure.eventstore.dictionaries import FollowingDictionaries, StoredDictionaries
from infrastructure.eventstore.names import event_types
from infrastructure.eventstore.read import LogReader
from infrastructure.eventstore.requests import AppendRequest, NewEvent, StreamAppend
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.eventstore.train_dictionary import ClearPayloads, Training, train_dictionary
from infrastructure.payloads.codec import Codec, encode
from infrastructure.payloads.compression import SHIPPED, Compression, Dictionaries
from infrastructure.payloads.encryption import Seal
from infrastructure.payloads.training import TooFewEventsError
from infrastructure.postgres.connections import API, PROJECTION, conninfo
from infrastructure.postgres.database import Database
from interfaces.bootstrap import services
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import make_settings
from tests.fixtures.waiting import eventually

TENANT = "default"
NEVER = 3600.0
EVENTS = updates(800)
FIRST = b"\x13\xe8\x07"
"""What a payload begins with that was compressed with the dictionary 1000."""
ANOTHER = rf"'\x{zstandard.compress(b'another').hex()}'"
DAMAGED = "dictionary 1000 is damaged"


async def append(
    store: PostgresEventStore, events: list[ContextUpdated], tenant: str = TENANT, name: str = "s"
) -> list[Recorded[Event]]:
    """Events for the end of a stream."""
    stream = stream_id(tenant, name)
    expected = await store.head(tenant, stream)
    return list(await store.append(tenant, [Write(stream, name, expected, events)], Origin()))


async def payloads(url: str) -> list[bytes]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute("SELECT payload FROM contextline.events ORDER BY position")
        return [row[0] for row in await cursor.fetchall()]


async def interfere(url: str, statement: Any) -> None:
    """As the owner, who may do what the server's roles may not."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement)


async def trained(store: PostgresEventStore, clock: MovableClock, tenant: str = TENANT) -> Training:
    """A tenant that has some events, and a dictionary trained on them."""
    await append(store, EVENTS, tenant)
    return await train_dictionary(store.database, await store.tenants.number(tenant), 10_000, clock())


@asynccontextmanager
async def process(url: str, clock: MovableClock, interval: float) -> AsyncIterator[tuple[PostgresEventStore, Codec]]:
    """A store that follows what is trained, as the API's processes do."""
    codec = Codec()
    async with (
        PostgresEventStore(url, clock, codec=codec) as store,
        FollowingDictionaries(store.database, codec.dictionaries, interval),
    ):
        yield store, codec


async def test_what_is_trained_is_kept_with_its_tenant_its_time_and_its_hash(
    any_store: PostgresEventStore, any_database_url: str, clock: MovableClock
) -> None:
    training = await trained(any_store, clock)

    assert (training.in_use, training.number) == (SHIPPED, 1000)
    assert training.trained.samples + training.trained.held_out == len(EVENTS)
    assert training.trained.after < training.trained.before
    async with await psycopg.AsyncConnection.connect(any_database_url) as connection:
        cursor = await connection.execute(
            "SELECT tenant_id, dictionary_id, trained_at, sha256, content FROM contextline.dictionaries"
        )
        ((*row, frame),) = await cursor.fetchall()
    content = training.trained.content
    assert row == [1, 1000, clock(), hashlib.sha256(content).digest()]
    assert zstandard.decompress(frame) == content
    assert len(frame) < len(content)


async def test_a_process_that_runs_takes_it_up(
    store: PostgresEventStore, database_url: str, clock: MovableClock
) -> None:
    async with process(database_url, clock, 0.02) as (running, codec):
        await append(running, EVENTS[:1], name="before")
        await trained(store, clock)
        await eventually(lambda: codec.dictionaries.newest(1) == 1000)
        (after,) = await append(running, EVENTS[:1], name="after")

        assert (await payloads(database_url))[after.position - 1][:3] == FIRST
        assert [one.event for one in await running.reader.log(0)] == [EVENTS[0], *EVENTS, EVENTS[0]]


async def test_a_process_that_meets_a_tenant_looks_at_once(
    store: PostgresEventStore, database_url: str, clock: MovableClock
) -> None:
    await trained(store, clock)
    async with process(database_url, clock, NEVER) as (running, codec):
        await append(running, EVENTS[:1])
        await eventually(lambda: codec.dictionaries.newest(1) == 1000)


@pytest.mark.parametrize(("switch", "first"), [(True, FIRST), (False, b"\x10")])
async def test_the_api_writes_with_it_unless_it_is_switched_off(
    store: PostgresEventStore, database_url: str, clock: MovableClock, switch: bool, first: bytes
) -> None:
    await trained(store, clock)
    settings = make_settings(dictionary_poll=0.02, compression_dictionaries=switch)
    note = StoreContext(namespace="n", key="k", data={"text": "would like to change a flight"}, attributes=Attributes())
    async with services(settings, database_url, clock) as api:

        async def stored_as_wanted() -> bool:
            await api.contexts.store(ContextRef(TENANT, "n", "k"), note, Origin())
            return (await payloads(database_url))[-1].startswith(first)

        await eventually(stored_as_wanted)


async def test_one_that_is_trained_again_takes_the_place_of_the_first_and_both_are_read(
    store: PostgresEventStore, database_url: str, clock: MovableClock
) -> None:
    await trained(store, clock)
    async with process(database_url, clock, 0.02) as (running, codec):
        await append(running, EVENTS[:1])
        await eventually(lambda: codec.dictionaries.newest(1) == 1000)
        await append(running, EVENTS[:1])
        dictionaries = StoredDictionaries(store.database, Dictionaries())
        assert await dictionaries.keep(1, b"another one", clock()) == 1001
        await eventually(lambda: codec.dictionaries.newest(1) == 1001)
        await append(running, EVENTS[:1])
    assert len({payload[:3] for payload in (await payloads(database_url))[-3:]}) == 3
    async with PostgresEventStore(database_url, clock) as other:
        assert [one.event for one in (await other.reader.log(0))[-3:]] == [EVENTS[0]] * 3


@pytest.fixture
async def written(store: PostgresEventStore, database_url: str, clock: MovableClock) -> Recorded[Event]:
    """An event that was written with a trained dictionary, by a process that is gone."""
    await trained(store, clock)
    async with process(database_url, clock, NEVER) as (running, codec):
        codec.dictionaries.newest(1)
        await eventually(lambda: codec.dictionaries.newest(1) == 1000)
        (recorded,) = await append(running, EVENTS[:1])
    assert (await payloads(database_url))[-1][:3] == FIRST
    return recorded


@pytest.mark.parametrize("role", [API, PROJECTION])
async def test_whoever_meets_one_when_reading_has_it_brought(
    written: Recorded[Event], database_url: str, role: str
) -> None:
    async with Database(database_url, role) as database:
        reader = LogReader(database, event_types(database))
        (read,) = await reader.log(written.position - 1)
        assert read.event == written.event
        assert (await reader.stream(1, written.stream_id))[-1].event == written.event


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM contextline.dictionaries", "dictionary 1000, which is not there"),
        ("UPDATE contextline.dictionaries SET content = set_bit(content, 99, 1 - get_bit(content, 99))", DAMAGED),
        (f"UPDATE contextline.dictionaries SET content = {ANOTHER}", DAMAGED),
        ("UPDATE contextline.dictionaries SET tenant_id = 2", "dictionary 1000, which is not there"),
        (
            f"UPDATE contextline.dictionaries SET content = {ANOTHER}, sha256 = sha256('another')",
            "payload of 'context-updated' can't be decoded",
        ),
    ],
    ids=["gone", "damaged", "another content", "another tenant's", "another one"],
)
async def test_without_its_dictionary_an_event_is_refused_by_its_place_and_the_dictionarys_number(
    written: Recorded[Event], database_url: str, clock: MovableClock, damage: str, told: str
) -> None:
    await interfere(database_url, damage)
    async with PostgresEventStore(database_url, clock) as other:
        place = rf"stream {written.stream_id} version {written.version} \(position {written.position}\)"
        with pytest.raises(DamagedEventError, match=f"{place}.*{told}"):
            await other.reader.log(written.position - 1)


async def test_a_dictionary_that_is_damaged_is_not_written_with_and_hinders_no_other_tenant(
    store: PostgresEventStore, database_url: str, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    mine, others = [await trained(store, clock, tenant) for tenant in (TENANT, "other")]
    assert (mine.number, others.number) == (1000, 1001)
    await interfere(database_url, "UPDATE contextline.dictionaries SET content = '\\x00' WHERE dictionary_id = 1000")
    dictionaries = Dictionaries()
    for tenant_id in (1, 2):
        dictionaries.newest(tenant_id)

    await StoredDictionaries(store.database, dictionaries).take_up()

    assert [dictionaries.newest(tenant_id) for tenant_id in (1, 2)] == [SHIPPED, 1001]
    assert "tenant 1 is written with the shipped dictionary: the dictionary 1000 is damaged" in caplog.text


@pytest.mark.parametrize("left", ["DELETE FROM contextline.dictionaries", None], ids=["gone", "another one"])
async def test_one_that_a_restored_database_does_not_have_is_not_written_with_any_more(
    store: PostgresEventStore, database_url: str, clock: MovableClock, left: str | None
) -> None:
    await trained(store, clock)
    dictionaries = Dictionaries()
    dictionaries.newest(1)
    stored = StoredDictionaries(store.database, dictionaries)
    await stored.take_up()
    assert dictionaries.newest(1) == 1000

    # What was trained since the backup is gone, and its number is given out again.
    await interfere(
        database_url, left or f"UPDATE contextline.dictionaries SET content = {ANOTHER}, sha256 = sha256('another')"
    )
    await stored.take_up()

    assert dictionaries.newest(1) == SHIPPED


async def test_while_the_database_is_away_the_one_in_use_does(clock: MovableClock) -> None:
    class Away:
        asked = 0

        async def fetch(self, statement: bytes, parameters: Any = None) -> list[Any]:
            self.asked += 1
            raise DatabaseUnavailableError("away") if self.asked < 3 else ValueError("worse")

    away, dictionaries = Away(), Dictionaries()
    dictionaries.newest(1)
    async with FollowingDictionaries(away, dictionaries, 0.001):  # type: ignore[arg-type]
        await eventually(lambda: away.asked > 4)
    assert dictionaries.newest(1) == SHIPPED


class TestWhatIsTrainedOn:
    """Bodies of one tenant's payloads that were never encrypted, the newest ones, oldest first."""

    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(training, "PAGE", 7)
        monkeypatch.setattr(training, "STRETCH", 20)

    @pytest.mark.parametrize("count", [1, 7, 10, 60, 1000])
    async def test_the_newest_come_oldest_first(self, store: PostgresEventStore, count: int) -> None:
        await append(store, EVENTS[:60])
        found = await ClearPayloads(store.database, Codec()).newest(1, count)
        assert found == [encode(event) for event in EVENTS[:60][-count:]]

    async def test_other_tenants_events_are_not_among_them(self, store: PostgresEventStore) -> None:
        for start in range(0, 40, 4):
            await append(store, EVENTS[start : start + 2])
            await append(store, EVENTS[start + 2 : start + 4], "other")
        mine = [encode(event) for place, event in enumerate(EVENTS[:40]) if place % 4 < 2]
        assert await ClearPayloads(store.database, Codec()).newest(1, 1000) == mine
        assert await ClearPayloads(store.database, Codec()).newest(3, 1000) == []

    async def test_encrypted_ones_are_not_among_them_nor_what_is_not_ours(self, store: PostgresEventStore) -> None:
        codec = Codec(Compression(with_dictionaries=False))
        sealed = codec.encode_event(EVENTS[1], seal=Seal(b"key id 8", bytes(32), b""))
        kept = [codec.encode_event(EVENTS[0]), sealed, b'{"state": "of another program"}', b""]
        type_id = await store.type_id("context-updated")
        events = [NewEvent(type_id, b"", payload) for payload in kept]
        await store.append_raw(AppendRequest(1, [StreamAppend(stream_id(TENANT, "s"), "s", 0, events)]))
        assert await ClearPayloads(store.database, Codec()).newest(1, 1000) == [encode(EVENTS[0])]

    async def test_an_empty_log_has_none(self, store: PostgresEventStore) -> None:
        assert await ClearPayloads(store.database, Codec()).newest(1, 1000) == []

    async def test_they_are_bounded_by_their_bytes(
        self, store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await append(store, EVENTS[:10])
        monkeypatch.setattr(training, "MOST_SAMPLE_BYTES", 2 * max(len(encode(event)) for event in EVENTS[:10]))
        found = await ClearPayloads(store.database, Codec()).newest(1, 1000)
        assert 2 <= len(found) <= 4
        assert found[-1] == encode(EVENTS[9])


async def test_events_that_were_written_with_a_trained_dictionary_can_be_trained_on(
    written: Recorded[Event], store: PostgresEventStore
) -> None:
    found = await ClearPayloads(store.database, Codec()).newest(1, 10_000)
    assert found[-1] == encode(written.event)
    assert len(found) == len(EVENTS) + 1


async def test_one_that_would_save_too_little_is_not_kept(store: PostgresEventStore, clock: MovableClock) -> None:
    await trained(store, clock)
    again = await train_dictionary(store.database, 1, 10_000, clock())
    assert (again.in_use, again.number) == (1000, None)


async def test_too_few_events_leave_nothing_behind(
    store: PostgresEventStore, database_url: str, clock: MovableClock
) -> None:
    await append(store, EVENTS[:100])
    with pytest.raises(TooFewEventsError, match="there are 100 events"):
        await train_dictionary(store.database, 1, 10_000, clock())
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        cursor = await connection.execute("SELECT count(*) FROM contextline.dictionaries")
        assert await cursor.fetchone() == (0,)


REFUSED = [
    *(
        (role, statement)
        for role in (API, PROJECTION)
        for statement in (
            "UPDATE contextline.dictionaries SET content = ''",
            "DELETE FROM contextline.dictionaries",
            "TRUNCATE contextline.dictionaries",
            "SELECT * FROM contextline.dictionaries FOR UPDATE",
        )
    ),
    (
        PROJECTION,
        "INSERT INTO contextline.dictionaries (tenant_id, trained_at, sha256, content) "
        "VALUES (1, '2026-01-01', sha256(''), '')",
    ),
]


@pytest.mark.parametrize(("role", "statement"), REFUSED)
def test_the_servers_roles_can_add_dictionaries_at_most(any_database_url: str, role: str, statement: Any) -> None:
    with (
        psycopg.connect(conninfo(any_database_url, role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


@pytest.mark.parametrize("values", ["999, sha256('')", "DEFAULT, ''"])
def test_numbers_of_shipped_dictionaries_and_hashes_that_are_none_are_refused(database_url: str, values: Any) -> None:
    statement: Any = (
        "INSERT INTO contextline.dictionaries (tenant_id, dictionary_id, sha256, trained_at, content) "
        f"VALUES (1, {values}, '2026-01-01', '')"
    )
    with psycopg.connect(conninfo(database_url, API)) as connection, pytest.raises(psycopg.Error):
        connection.execute(statement)
