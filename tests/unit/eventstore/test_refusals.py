"""Which of a batch's appends must be refused, and why: no database needed."""

from typing import Any
from uuid import UUID

import pytest

from domain.errors import VersionConflictError
from infrastructure.eventstore.requests import (
    ABSENT,
    AppendRequest,
    NewEvent,
    StreamAppend,
    Tracking,
    TrackingConflictError,
    refusals,
)

A, B = UUID(int=1), UUID(int=2)


def append(*streams: tuple[UUID, int, int], tracking: Tracking | None = None) -> AppendRequest:
    events = NewEvent(7, b"", b"x")
    return AppendRequest(1, [StreamAppend(stream, "", at, [events] * count) for stream, at, count in streams], tracking)


def told(*requests: AppendRequest, heads: Any = None, tracked: Any = None) -> list[Any]:
    found = refusals(requests, heads or {}, tracked or {})
    return [(each.expected, each.current) if isinstance(each, VersionConflictError) else each for each in found]


@pytest.mark.parametrize(("head", "expected"), [(None, 1), (None, 7), (5, 4), (5, 6), (5, 0), (5, ABSENT), (0, ABSENT)])
def test_another_version_than_expected_is_a_conflict(head: int | None, expected: int) -> None:
    heads = {} if head is None else {(1, A.int): head}
    assert told(append((A, expected, 1)), heads=heads) == [(expected, head or 0)]


@pytest.mark.parametrize(("head", "expected"), [(None, 0), (None, ABSENT), (0, 0), (5, 5)])
def test_the_version_expected_is_none(head: int | None, expected: int) -> None:
    heads = {} if head is None else {(1, A.int): head}
    assert told(append((A, expected, 1)), heads=heads) == [None]


def test_what_one_is_refused_touches_no_other() -> None:
    asked = [append((A, 0, 1), (B, 2, 1)), append((A, 0, 1)), append((A, 0, 1)), append((B, 1, 1))]
    assert told(*asked, heads={(1, B.int): 1}) == [(2, 1), None, (0, 1), None]


def test_neighbours_of_one_stream_are_looked_at_in_order() -> None:
    asked = [append((A, 0, 2)), append((A, 2, 1)), append((A, 2, 1)), append((A, 3, 1))]
    assert told(*asked) == [None, None, (2, 3), None]


def test_an_append_that_comes_back_to_a_stream_with_another_version_is_refused_whole() -> None:
    assert told(append((A, 0, 1), (A, 0, 1)), append((A, 0, 1), (A, 1, 1))) == [(0, 1), None]


@pytest.mark.parametrize("again", [7, 6])
def test_a_position_that_was_reached_is_refused_with_its_events(again: int) -> None:
    asked = [
        append((A, 0, 1), tracking=Tracking("upstream", 7)),
        append((B, 0, 1), tracking=Tracking("upstream", again)),
        append((B, 0, 1), tracking=Tracking("upstream", 8)),
        append(tracking=Tracking("another", again)),
    ]
    found = told(*asked, tracked={(1, "upstream"): 6})
    assert [isinstance(each, TrackingConflictError) for each in found] == [False, True, False, False]
