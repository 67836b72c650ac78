"""Reading is bounded in bytes: what is read of a log of large events is never in memory all at once."""

from typing import Any

import pytest

from domain.recorded import Origin
from infrastructure.eventstore import pages
from infrastructure.eventstore.pages import PAGE_BYTES
from infrastructure.eventstore.requests import AppendRequest, NewEvent, StreamAppend
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.payloads.pieces import PIECE_BYTES
from tests.integration.eventstore.eventstore_support import sid
from tests.integration.eventstore.test_keeping_large_values import written

MEGABYTE = 1024 * 1024


async def append_raw(store: PostgresEventStore, name: str, *sizes: int) -> None:
    """Events of these sizes in bytes, as a program may write them that has a format of its own."""
    type_id = await store.type_id("of another program")
    events = [NewEvent(type_id, b"", bytes([index]) * size) for index, size in enumerate(sizes)]
    await store.append_raw(AppendRequest(1, [StreamAppend(sid(name), name, 0, events)]))


@pytest.fixture
def statements(store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of the payloads that each statement gave."""
    sizes: list[int] = []
    fetch = store.database.fetch

    async def noting(statement: bytes, parameters: Any = None, **options: Any) -> Any:
        rows = await fetch(statement, parameters, **options)
        sizes.append(sum(len(value) for row in rows for value in row if isinstance(value, bytes)))
        return rows

    monkeypatch.setattr(store.database, "fetch", noting)
    return sizes


async def test_a_page_of_the_log_ends_where_it_has_enough_bytes(
    store: PostgresEventStore, statements: list[int]
) -> None:
    await append_raw(store, "s", *[MEGABYTE] * 40, *[10] * 40)
    statements.clear()
    positions: list[int] = []
    sizes = []
    while rows := await store.reader.log_rows(positions[-1] if positions else 0):
        positions += [row.position for row in rows]
        sizes.append(sum(len(row.payload) for row in rows))
    assert positions == list(range(1, 81))
    assert len(sizes) == 3
    assert max(*sizes, *statements) <= PAGE_BYTES + MEGABYTE


async def test_an_event_that_is_larger_than_a_page_is_read_alone(store: PostgresEventStore) -> None:
    await append_raw(store, "s", 10, PAGE_BYTES + 1, 20 * MEGABYTE, 10)
    lengths = []
    after = 0
    while rows := await store.reader.log_rows(after):
        lengths.append([len(row.payload) for row in rows])
        after = rows[-1].position
    assert lengths == [[10, PAGE_BYTES + 1], [20 * MEGABYTE, 10]]


@pytest.mark.parametrize("descending", [False, True])
async def test_a_stream_is_given_whole_though_it_is_read_in_parts(
    store: PostgresEventStore, statements: list[int], descending: bool
) -> None:
    sizes = [MEGABYTE, 100, 20_000] * 20
    await append_raw(store, "s", *sizes)
    for after, up_to, limit in ((0, None, None), (3, 50, None), (0, None, 31), (5, None, 1)):
        statements.clear()
        rows = await store.reader.stream_rows(1, sid("s"), after=after, up_to=up_to, limit=limit, descending=descending)
        versions = [version for version in range(1, 61) if after < version <= (up_to or 60)]
        if descending:
            versions.reverse()
        assert [row.version for row in rows] == versions[:limit]
        assert [row.payload for row in rows] == [bytes([row.version - 1]) * sizes[row.version - 1] for row in rows]
        assert max(statements) <= PAGE_BYTES + MEGABYTE


async def test_large_values_count_as_what_they_are(store: PostgresEventStore, statements: list[int]) -> None:
    """Payloads that refer to them are small; what is in memory once they are read is not."""
    text = "".join(chr(0x4E00 + n % 20_000) for n in range(5 * MEGABYTE // 3))
    for version in range(12):
        await store.append("default", [written("s", text[version:], version)], Origin())
    statements.clear()
    counts, after = [], 0
    while events := await store.reader.log(after):
        counts.append(len(events))
        after = events[-1].position
        assert sum(len(event.large_values) for event in events) * PIECE_BYTES <= PAGE_BYTES
    assert counts == [3, 3, 3, 3]
    assert max(statements) <= 4 * MEGABYTE + 100_000
    whole = await store.read_stream("default", sid("s"))
    assert [recorded.event.data for recorded in whole] == [text[version:] for version in range(12)]  # type: ignore[attr-defined]


async def test_a_value_that_many_events_share_counts_once(store: PostgresEventStore) -> None:
    text = "".join(chr(0x4E00 + n % 20_000) for n in range(5 * MEGABYTE // 3))
    for version in range(12):
        await store.append("default", [written("s", [text, version], version)], Origin())
    assert len(await store.reader.log(0)) == 12


async def test_what_is_light_is_read_by_one_statement(store: PostgresEventStore, statements: list[int]) -> None:
    await append_raw(store, "s", *[16 * 1024] * 50)
    statements.clear()
    assert len(await store.reader.log_rows(0)) == 50
    assert len(statements) == 1


async def test_a_page_has_no_more_rows_than_it_was_asked_for(
    store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append_raw(store, "s", *[20_000, 10] * 10)
    monkeypatch.setattr(pages, "PAGE_BYTES", 50_000)
    assert [row.position for row in await store.reader.log_rows(0, 3)] == [1, 2, 3]
    assert [row.position for row in await store.reader.log_rows(0, 100)] == [1, 2, 3, 4, 5, 6]
