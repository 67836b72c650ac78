"""The history of a context in pages: its own changes, and before them those of what it was forked from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from application.aggregates import Aggregates
from domain.catalogue import NAMES
from domain.contexts.context import Context
from domain.contexts.history import HistoryEntry, entries
from domain.contexts.identity import stream_name
from domain.contexts.lineage import Link, life_of
from domain.errors import InvalidInputError


class Place(NamedTuple):
    """A place in a history: a version of the context, or of an ancestor.

    `depth` counts ancestors, the one that it was forked from being 1. With those, `fork` is the version that the fork
    made: what lies behind it never changes, also when the context is deleted and forked anew.
    """

    version: int
    depth: int = 0
    fork: int = 0


class _Segment(NamedTuple):
    """What one context adds to a history: its versions from `first` to `last`."""

    context: Context
    first: int
    last: int


class Histories:
    """Reads them."""

    def __init__(self, contexts: Aggregates[Context]) -> None:
        self._contexts = contexts

    async def page(
        self, tenant: str, current: Context, *, start: Place | None, limit: int, newest_first: bool
    ) -> tuple[Sequence[HistoryEntry], Place | None]:
        """At most `limit` changes beyond `start`, and where the next page begins; None where there are no more.

        Raises:
            InvalidInputError: there is no such place.
        """
        fork = _fork(current, start)
        # Who reads on among its own changes, from the first to the last, has its ancestors' behind them.
        passed = start is not None and not start.depth and not newest_first
        segments = await self._segments(tenant, current, None if passed else fork)
        if start and start.depth >= len(segments):
            raise _no_such_place()
        order = range(len(segments)) if newest_first else range(len(segments) - 1, -1, -1)
        found: list[tuple[Place, HistoryEntry]] = []
        for depth in order:
            context, first, last = segments[depth]
            if start and depth == start.depth:
                first, last = (first, min(last, start.version - 1)) if newest_first else (start.version + 1, last)
            elif start and (depth < start.depth) == newest_first:
                continue
            # The page, and one more that tells whether there are others. Folding needs what came before; diffs are made
            # of the page alone.
            wanted = limit + 1 - len(found)
            if newest_first:
                first = max(first, last - wanted + 1)
            else:
                last = min(last, first + wanted - 1)
            if first > last:
                continue
            events = await self._contexts.events(tenant, stream_name(context.namespace, context.key), up_to=last)
            part = list(entries(events, NAMES, after=first - 1, erased_through=context.erased_through))
            if newest_first:
                part.reverse()
            if depth:
                ancestor = context.namespace, context.key
                part = [msgspec.structs.replace(entry, ancestor=ancestor) for entry in part]
            place = (depth, fork.version) if fork and depth else (0, 0)
            found += [(Place(entry.version, *place), entry) for entry in part]
            if len(found) > limit:
                break
        more = found[limit - 1][0] if len(found) > limit else None
        return [entry for _, entry in found[:limit]], more

    async def _segments(self, tenant: str, current: Context, fork: Link | None) -> list[_Segment]:
        """Of the context, then of its ancestors, the nearest first; of those only the life that it comes from."""
        segments = [_Segment(current, 1, current.version)]
        while fork is not None and fork.parents:
            (parent,) = fork.parents
            context = await self._contexts.load(tenant, stream_name(parent.namespace, parent.key))
            if context is None or context.version < parent.version:
                break
            # What was erased is told without contents, and what it came from is not known any more.
            known = parent.version > context.erased_through
            fork = life_of(context.lineage, parent.version) if known else None
            segments.append(_Segment(context, fork.version if fork else 1, parent.version))
        return segments


def _fork(current: Context, start: Place | None) -> Link | None:
    if start is None or not start.depth:
        return life_of(current.lineage, current.version)
    for link in current.lineage:
        if link.version == start.fork and link.begins and link.parents:
            return link
    raise _no_such_place()


def _no_such_place() -> InvalidInputError:
    return InvalidInputError.at(
        "/cursor", "was not given out for this history, or what it led to was erased since: begin anew"
    )
