"""When the last command in a session was, folded from the log.

A command in a session is an event whose origin names it, or one of its own. One that comes after the session has
expired is not in it any more: it doesn't bring it back to life. A session's own events were decided on its expiry.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import UNSET

from domain.erasure import Erased
from domain.recorded import Event, Recorded
from domain.sessions.events import SessionCreated, SessionErased, SessionExpired, SessionUpdated


class Activity(NamedTuple):
    """The instant of the last command, and the seconds without one after which the session expires (None: never)."""

    last: datetime
    timeout: int | None

    @property
    def expires_at(self) -> datetime | None:
        """When it expires unless another command comes."""
        return None if self.timeout is None else self.last + timedelta(seconds=self.timeout)

    def with_command(self, at: datetime) -> Activity:
        """After a command in the session at that instant."""
        expires_at = self.expires_at
        return self if expires_at is not None and at >= expires_at else self._replace(last=max(self.last, at))


def evolve(activity: Activity | None, recorded: Recorded[Event], own: bool) -> Activity | None:
    """What an event makes of it, which is the session's `own` or names it as its origin; None before it began."""
    event, at = recorded.event, recorded.recorded_at
    if not own:
        return activity and activity.with_command(at)
    if isinstance(event, SessionCreated):
        return Activity(at, event.timeout)
    if activity is None or isinstance(event, SessionExpired | SessionErased | Erased):
        return activity
    if isinstance(event, SessionUpdated) and event.timeout is not UNSET:
        return Activity(at, event.timeout)
    return activity._replace(last=at)
