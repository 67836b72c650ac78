"""Which of a batch's appends fit, and where they go: no database needed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import VersionConflictError
from infrastructure.eventstore.requests import (
    ABSENT,
    Appended,
    AppendRequest,
    Head,
    NewEvent,
    Plan,
    StreamAppend,
    Tracking,
    TrackingConflictError,
    plan,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
NUMBERS = [640, 641, 642, 643]


def to(stream: UUID, expected: int, *payloads: bytes) -> StreamAppend:
    return StreamAppend(stream, f"stream {stream.int}", expected, [NewEvent(7, b"o", payload) for payload in payloads])


def append(*streams: StreamAppend, tenant: int = 1, tracking: Tracking | None = None) -> AppendRequest:
    return AppendRequest(tenant, streams, tracking)


def planned(*requests: AppendRequest, heads: Any = None, tracked: Any = None, before: int = 10) -> Plan:
    return plan(requests, dict(heads or {}), dict(tracked or {}), NUMBERS, before, NOW)


def conflict(result: Any) -> tuple[int, int]:
    assert isinstance(result, VersionConflictError)
    return result.expected, result.current


def test_a_new_stream_gets_a_number_and_begins_at_version_1() -> None:
    result = planned(append(to(A, 0, b"x", b"y")))
    assert result.results == [Appended(11, 12, NOW)]
    assert result.new_streams == {(1, A): (Head(640, 2), "stream 1")}
    assert result.raised_streams == {}
    assert (result.stream_nos, result.versions) == ([640, 640], [1, 2])
    assert (result.payloads, result.type_ids, result.origins) == ([b"x", b"y"], [7, 7], [b"o", b"o"])
    assert (result.before, result.last) == (10, 12)


def test_a_known_stream_goes_on_from_its_head() -> None:
    result = planned(append(to(A, 5, b"x")), heads={(1, A): Head(3, 5)})
    assert result.new_streams == {}
    assert result.raised_streams == {(1, A): Head(3, 6)}
    assert (result.stream_nos, result.versions) == ([3], [6])


@pytest.mark.parametrize(("head", "expected"), [(None, 1), (None, 7), (5, 4), (5, 6), (5, 0), (5, ABSENT), (0, ABSENT)])
def test_another_version_than_expected_is_a_conflict(head: int | None, expected: int) -> None:
    heads = {} if head is None else {(1, A): Head(3, head)}
    result = planned(append(to(A, expected, b"x")), heads=heads)
    assert conflict(result.results[0]) == (expected, head or 0)
    assert result.is_empty()
    assert result.last == 10


def test_what_one_is_refused_touches_no_other() -> None:
    result = planned(append(to(A, 0, b"a")), append(to(B, 3, b"b")), append(to(C, 0, b"c")))
    assert result.results[0] == Appended(11, 11, NOW)
    assert conflict(result.results[1]) == (3, 0)
    assert result.results[2] == Appended(12, 12, NOW)
    assert result.payloads == [b"a", b"c"]
    assert set(result.new_streams) == {(1, A), (1, C)}


def test_neighbours_of_one_stream_go_one_after_the_other() -> None:
    result = planned(
        append(to(A, 0, b"1")), append(to(A, 1, b"2", b"3")), append(to(A, 1, b"no")), append(to(A, 3, b"4"))
    )
    assert [isinstance(one, Appended) for one in result.results] == [True, True, False, True]
    assert conflict(result.results[2]) == (1, 3)
    assert result.versions == [1, 2, 3, 4]
    assert result.stream_nos == [640] * 4
    assert result.new_streams == {(1, A): (Head(640, 4), "stream 1")}
    assert result.raised_streams == {}


def test_an_append_to_several_streams_is_refused_whole() -> None:
    result = planned(append(to(A, 0, b"a"), to(B, 2, b"b")), append(to(A, 0, b"after it")), heads={(1, B): Head(3, 1)})
    assert conflict(result.results[0]) == (2, 1)
    assert result.results[1] == Appended(11, 11, NOW)
    assert result.payloads == [b"after it"]
    assert result.raised_streams == {}


def test_an_append_may_come_back_to_a_stream_that_it_named_before() -> None:
    result = planned(append(to(A, 0, b"a1"), to(B, 4, b"b5"), to(A, 1, b"a2")), heads={(1, B): Head(3, 4)})
    assert result.results == [Appended(11, 13, NOW)]
    assert result.versions == [1, 5, 2]
    assert result.new_streams == {(1, A): (Head(640, 2), "stream 1")}


def test_an_append_that_comes_back_with_another_version_is_refused_whole() -> None:
    result = planned(append(to(A, 0, b"a1"), to(A, 0, b"a1 again")))
    assert conflict(result.results[0]) == (0, 1)
    assert result.is_empty()


def test_the_library_may_begin_a_stream_at_version_0() -> None:
    result = planned(append(to(A, ABSENT, b"x", b"y")), append(to(A, 1, b"z")))
    assert result.versions == [0, 1, 2]
    assert result.new_streams == {(1, A): (Head(640, 2), "stream 1")}


def test_two_tenants_may_have_streams_of_one_id() -> None:
    result = planned(append(to(A, 0, b"one")), append(to(A, 0, b"two"), tenant=2))
    assert [isinstance(one, Appended) for one in result.results] == [True, True]
    assert result.tenant_ids == [1, 2]
    assert result.stream_nos == [640, 641]


def test_a_tracked_position_moves_with_its_events() -> None:
    tracking = Tracking("upstream", 7)
    result = planned(append(to(A, 0, b"a"), tracking=tracking), tracked={(1, "upstream"): 6})
    assert result.trackings == [(1, tracking)]
    assert result.payloads == [b"a"]


@pytest.mark.parametrize("again", [7, 6])
def test_a_position_that_was_reached_is_refused_with_its_events(again: int) -> None:
    result = planned(
        append(to(A, 0, b"a"), tracking=Tracking("upstream", 7)),
        append(to(B, 0, b"b"), tracking=Tracking("upstream", again)),
        append(to(B, 0, b"c"), tracking=Tracking("upstream", 8)),
        append(tracking=Tracking("another", again)),
    )
    assert isinstance(result.results[1], TrackingConflictError)
    assert result.payloads == [b"a", b"c"]
    assert [tracking.notification_id for _, tracking in result.trackings] == [7, 8, again]


def test_a_position_alone_is_something_to_write() -> None:
    result = planned(append(tracking=Tracking("upstream", 7)))
    assert not result.is_empty()
    assert result.last == 10


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(-1, 6), st.integers(1, 3)), max_size=30))
def test_versions_run_without_a_hole_whatever_is_asked(asked: list[tuple[UUID, int, int]]) -> None:
    result = planned(*(append(to(stream, expected, *[b"x"] * count)) for stream, expected, count in asked))
    reached: dict[int, int] = {}
    for number, version in zip(result.stream_nos, result.versions, strict=True):
        assert version == reached.get(number, version if version in (0, 1) else -1) or version == reached[number] + 1
        reached[number] = version
    done = [one for one in result.results if isinstance(one, Appended)]
    assert [one.first for one in done] == [11, *(one.last + 1 for one in done)][: len(done)]
    assert {head.stream_no: head.version for head, _ in result.new_streams.values()} == reached
