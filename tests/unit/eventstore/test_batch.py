"""A batch's appends as the columns of its statements: no database needed."""

import struct
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastructure.eventstore import append as module
from infrastructure.eventstore.append import Batch, from_instant
from infrastructure.eventstore.requests import ABSENT, Appended, AppendRequest, NewEvent, StreamAppend, Tracking

NOW = datetime(2026, 1, 1, 12, 30, 15, 123_456, tzinfo=UTC)
WRITER = UUID(int=77).bytes
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
NAMES = (
    *("writer", "epoch", "number", "written_at"),
    *("tenants", "streams", "expected", "versions"),
    *("new_tenants", "new_streams", "new_versions", "new_names"),
    *("indexes", "event_versions", "type_ids", "origins", "payloads"),
    *("tracking_tenants", "tracking_names", "tracking_positions"),
)


def to(stream: UUID, expected: int, *payloads: bytes) -> StreamAppend:
    return StreamAppend(stream, f"stream {stream.int}", expected, [NewEvent(7, b"o", payload) for payload in payloads])


def append(*streams: StreamAppend, tenant: int = 1, tracking: Tracking | None = None) -> AppendRequest:
    return AppendRequest(tenant, streams, tracking)


def unpacked(array: bytes) -> list[Any]:
    """A one-dimensional array in PostgreSQL's binary format."""
    dimensions, _, oid = struct.unpack(">iiI", array[:12])
    items, at = [], 20
    while dimensions and at < len(array):
        (length,) = struct.unpack(">i", array[at : at + 4])
        items.append(array[at + 4 : at + 4 + length])
        at += 4 + length
    read = {
        **dict.fromkeys((20, 21, 23), lambda item: int.from_bytes(item, "big", signed=True)),
        2950: lambda item: UUID(bytes=item),
        25: bytes.decode,
        17: bytes,
    }[oid]
    return [read(item) for item in items]


def columns(batch: Batch) -> list[dict[str, Any]]:
    sent = list(batch.statements(WRITER, 3, 9, NOW))
    return [
        {
            name: value if number < 4 else unpacked(value or b"")
            for number, (name, value) in enumerate(zip(NAMES, statement.parameters, strict=True))
        }
        for statement in sent
    ]


def batch_of(*requests: AppendRequest, existing: Any = ()) -> Batch:
    batch = Batch(existing)
    for request in requests:
        assert batch.add(request)
    return batch


def test_it_says_who_writes_and_when() -> None:
    (sent,) = columns(batch_of(append(to(A, 5, b"x"))))
    assert (sent["writer"], sent["epoch"], sent["number"]) == (WRITER, (3).to_bytes(4, "big"), (9).to_bytes(8, "big"))
    assert from_instant(sent["written_at"]) == NOW


@pytest.mark.parametrize("instant", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC), NOW])
def test_instants_are_kept_to_the_microsecond(instant: datetime) -> None:
    (statement,) = Batch().statements(WRITER, 1, 1, instant)
    assert from_instant(statement.parameters[3] or b"") == instant


def test_a_stream_that_exists_names_the_version_that_it_has_and_the_one_that_it_gets() -> None:
    (sent,) = columns(batch_of(append(to(A, 5, b"x", b"y"))))
    assert (sent["tenants"], sent["streams"], sent["expected"], sent["versions"]) == ([1], [A], [5], [7])
    assert sent["new_streams"] == []
    assert (sent["indexes"], sent["event_versions"], sent["payloads"]) == ([1, 1], [6, 7], [b"x", b"y"])
    assert (sent["type_ids"], sent["origins"]) == ([7, 7], [b"o", b"o"])


def test_new_streams_count_on_after_those_that_exist() -> None:
    (sent,) = columns(batch_of(append(to(A, 0, b"a1", b"a2")), append(to(B, 3, b"b")), append(to(C, 0, b"c"))))
    assert (sent["streams"], sent["new_streams"], sent["new_names"]) == ([B], [A, C], ["stream 1", "stream 3"])
    assert (sent["new_versions"], sent["indexes"]) == ([2, 1], [2, 2, 1, 3])


def test_neighbours_of_one_stream_go_one_after_the_other() -> None:
    batch = batch_of(append(to(A, 0, b"1")), append(to(A, 1, b"2", b"3")))
    assert not batch.add(append(to(A, 1, b"no")))
    assert batch.add(append(to(A, 3, b"4")))
    (sent,) = columns(batch)
    assert (sent["new_streams"], sent["new_versions"], sent["event_versions"]) == ([A], [4], [1, 2, 3, 4])
    assert batch.version(1, A.int) == 4


def test_what_does_not_fit_is_left_out_whole() -> None:
    batch = batch_of(append(to(A, 0, b"a")))
    assert not batch.add(append(to(B, 0, b"b"), to(A, 0, b"a again")))
    (sent,) = columns(batch)
    assert (sent["new_streams"], sent["payloads"]) == ([A], [b"a"])
    assert batch.version(1, B.int) is None


def test_an_append_may_come_back_to_a_stream_that_it_named_before() -> None:
    (sent,) = columns(batch_of(append(to(A, 0, b"a1"), to(B, 4, b"b5"), to(A, 1, b"a2"))))
    assert (sent["event_versions"], sent["indexes"]) == ([1, 5, 2], [2, 1, 2])


def test_an_append_that_comes_back_with_another_version_is_left_out_whole() -> None:
    batch = Batch()
    assert not batch.add(append(to(A, 0, b"a1"), to(A, 0, b"a1 again")))
    assert batch.version(1, A.int) is None


def test_the_library_may_begin_a_stream_at_version_0() -> None:
    batch = batch_of(append(to(A, ABSENT, b"x", b"y")), append(to(A, 1, b"z")))
    (sent,) = columns(batch)
    assert (sent["event_versions"], sent["new_versions"]) == ([0, 1, 2], [2])


def test_a_stream_that_is_known_to_be_there_at_version_0_is_not_made_again() -> None:
    (sent,) = columns(batch_of(append(to(A, 0, b"x")), existing={(1, A.int)}))
    assert (sent["streams"], sent["expected"], sent["new_streams"]) == ([A], [0], [])


def test_two_tenants_may_have_streams_of_one_id() -> None:
    (sent,) = columns(batch_of(append(to(A, 0, b"one")), append(to(A, 0, b"two"), tenant=2)))
    assert (sent["new_tenants"], sent["new_streams"], sent["indexes"]) == ([1, 2], [A, A], [1, 2])


def test_a_position_in_another_log_goes_with_its_events() -> None:
    (sent,) = columns(batch_of(append(to(A, 0, b"a"), tracking=Tracking("upstream", 7))))
    assert (sent["tracking_tenants"], sent["tracking_names"], sent["tracking_positions"]) == ([1], ["upstream"], [7])


def test_one_event_for_each_of_some_streams_that_exist_is_told_by_the_streams_alone() -> None:
    (sent,) = columns(batch_of(append(to(A, 1, b"a")), append(to(B, 7, b"b"))))
    assert (sent["streams"], sent["expected"], sent["versions"]) == ([A, B], [1, 7], [2, 8])
    assert (sent["indexes"], sent["event_versions"], sent["payloads"]) == ([], [], [b"a", b"b"])


def test_a_stream_without_events_or_with_two_is_told_with_the_places_of_the_events() -> None:
    (sent,) = columns(batch_of(append(to(A, 5), to(B, 4, b"b5", b"b6"))))
    assert (sent["versions"], sent["indexes"], sent["event_versions"]) == ([5, 6], [2, 2], [5, 6])


def test_each_append_is_told_where_it_went() -> None:
    batch = batch_of(append(to(A, 0, b"a")), append(to(B, 0, b"b", b"b")), append(tracking=Tracking("upstream", 7)))
    assert batch.appended_at(11, NOW) == [Appended(11, 11, NOW), Appended(12, 13, NOW), Appended(14, 13, NOW)]


def test_a_large_batch_goes_as_several_statements_that_follow_on_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_A_STATEMENT", 3)
    batch = batch_of(append(to(B, 2, b"b")), append(to(A, 0, *[b"a"] * 5)), append(to(B, 3, b"b")))
    first, second, third = columns(batch)
    assert (first["event_versions"], first["new_versions"], first["versions"]) == ([3, 1, 2], [2], [3])
    assert (second["streams"], second["expected"], second["versions"]) == ([A], [2], [5])
    assert (third["streams"], third["expected"], third["versions"]) == ([B], [3], [4])
    assert batch.events_before_last == 6


def test_a_statement_holds_no_more_bytes_than_it_may_unless_one_event_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BYTES_A_STATEMENT", 10)
    batch = batch_of(append(to(A, 0, b"x" * 6, b"x" * 6, b"x" * 30, b"x")))
    assert [[len(payload) for payload in sent["payloads"]] for sent in columns(batch)] == [[6], [6], [30], [1]]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(0, 6), st.integers(1, 3)), max_size=30))
def test_versions_run_without_a_hole_whatever_is_asked(asked: list[tuple[UUID, int, int]]) -> None:
    batch = Batch()
    reached: dict[UUID, int] = {}
    for stream, expected, count in asked:
        added = batch.add(append(to(stream, expected, *[b"x"] * count)))
        assert added == (reached.get(stream, expected) == expected)
        if added:
            reached[stream] = expected + count
    (sent,) = columns(batch)
    streams = [*sent["streams"], *sent["new_streams"]]
    first = dict(zip(sent["streams"], sent["expected"], strict=True))
    seen: dict[UUID, int] = {}
    # Where the streams alone tell it, nothing else does.
    indexes = sent["indexes"] or range(1, len(streams) + 1)
    for index, version in zip(indexes, sent["event_versions"] or sent["versions"], strict=True):
        stream = streams[index - 1]
        assert version == seen.get(stream, first.get(stream, 0)) + 1
        seen[stream] = version
    assert seen == reached == dict(zip(streams, [*sent["versions"], *sent["new_versions"]], strict=True))
