"""Whose keys events are encrypted with, and what stands for an event when its key was destroyed."""

from __future__ import annotations

from typing import NamedTuple

from domain.recorded import Event


class Subject(NamedTuple):
    """Whose data an encrypted event is, beside its own stream's: erasing a session or a user destroys its key too."""

    session_id: str | None
    user_id: str | None


class Erased(Event, frozen=True, kw_only=True):
    """Stands for an event whose contents are gone, because its key was destroyed. Never stored.

    `name` is the stored event's, `stream_name` its stream's: both were kept in the clear beside it.
    """

    name: str
    stream_name: str
