"""Where the versions of one context come from: the links to others that its events made."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.contexts.events import ContextForked, ContextMerged, Point
from domain.recorded import Event


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A version that does not come from the one before it alone.

    One that `begins` a life doesn't come from that at all: a stream goes on after deletion, expiry and erasure.
    """

    version: int
    begins: bool
    parents: tuple[Point, ...] = ()


Lineage = tuple[Link, ...]
"""By version. From a version to the next one without a link, each comes from the one before."""


def beginning(lineage: Lineage, version: int, event: Event) -> Lineage:
    """With the link of an event that begins a life."""
    parents = (event.parent,) if isinstance(event, ContextForked) else ()
    return (*lineage, Link(version=version, begins=True, parents=parents))


def merging(lineage: Lineage, version: int, event: ContextMerged, stream_id: UUID) -> Lineage:
    """With the link of a merge into a context: to what else was merged."""
    others = tuple(point for point in event.sources if point.stream_id != stream_id)
    return (*lineage, Link(version=version, begins=False, parents=others))


def life_of(lineage: Lineage, version: int) -> Link | None:
    """The beginning of the life that a version belongs to; None where it is not known any more."""
    return next((link for link in reversed(lineage) if link.begins and link.version <= version), None)
