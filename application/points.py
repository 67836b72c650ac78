"""Points in the log, found by their instants."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from application.ports import Clock, EventStore
from domain.errors import InvalidInputError, PositionNotReachedError


class Point(NamedTuple):
    """What the log holds up to a position; what expires is judged at the instant `at`."""

    position: int
    at: datetime


async def point_in_log(store: EventStore, clock: Clock, instant: datetime | None, position: int | None) -> Point:
    """An instant or a position as a point; neither: the end of the log, now.

    Raises:
        InvalidInputError: the instant is in the future, or both were given.
        PositionNotReachedError: the log has not got that position.
    """
    now = clock()
    if instant is not None and position is not None:
        raise InvalidInputError.at("/position", "name an instant or a position, not both")
    if instant is not None:
        if instant > now:
            raise InvalidInputError.at("/asOf", "is in the future: nothing is known of it yet")
        return Point(await position_at(store, instant), instant)
    end = await store.end()
    if position is None:
        return Point(end, now)
    if position > end:
        raise PositionNotReachedError(position, end)
    # What is alive is told by instants: the one at which that position was recorded.
    return Point(position, await store.recorded_at(position) or now)


async def position_at(store: EventStore, instant: datetime) -> int:
    """The last position that was recorded by an instant, 0 where none was. Asks the store some 20 to 40 times."""
    known, beyond = 0, await store.end() + 1
    # Recorded time never falls as the position rises.
    while beyond - known > 1:
        middle = (known + beyond) // 2
        at = await store.recorded_at(middle)
        if at is not None and at > instant:
            beyond = middle
        else:
            known = middle
    return known
