"""The graph of forks and merges: which versions of which contexts a version comes from, and what two have in common.

A version comes from the one before it in its stream, from what its context was forked from, and from what was merged
into it. What was deleted or has expired is a part of the graph like everything else; what was erased is not known any
more, and neither is what it came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from domain.contexts.context import Context
from domain.contexts.events import Point
from domain.contexts.lineage import life_of
from domain.errors import AncestorErasedError, NoCommonAncestorError

States = Mapping[UUID, Context | None]
"""The newest state of each context of a graph; None where there is none."""

_NOT_KNOWN = 0
"""Stands for the beginning of a life that was erased."""


class _Life(NamedTuple):
    """A context from one beginning to the next."""

    stream_id: UUID
    beginning: int


_Reached = dict[_Life, int]
"""The versions of each life that were reached: all up to this one."""


def point(context: Context) -> Point:
    """The version that a state is of."""
    return Point(stream_id=context.id, namespace=context.namespace, key=context.key, version=context.version)


def unknown(states: States, points: Iterable[Point]) -> list[Point]:
    """Of each context that some versions come from, and whose state is not there yet, a version."""
    return _walk(states, points)[1]


def common_ancestors(states: States, ours: Iterable[Point], theirs: Point) -> list[Point]:
    """The nearest versions that both come from; a version comes from itself too.

    Mostly it is one. Where two branches were each merged into the other, it may be several: none comes from another.

    Raises:
        NoCommonAncestorError: there is none.
        AncestorErasedError: it was erased, or what was erased lies between.
    """
    mine, others = _walk(states, ours)[0], _walk(states, [theirs])[0]
    erased = {
        life: max(mine.get(life, 0), others.get(life, 0)) for life in mine | others if life.beginning == _NOT_KNOWN
    }
    shared = {life: min(version, others[life]) for life, version in mine.items() if life in others}
    candidates = [(life, version) for life, version in shared.items() if life.beginning != _NOT_KNOWN]
    behind = [_walk(states, [_point(states, *candidate)])[0] for candidate in candidates]
    nearest = [
        candidate
        for index, candidate in enumerate(candidates)
        if not any(candidate[1] <= reached.get(candidate[0], 0) for reached in (*behind[:index], *behind[index + 1 :]))
    ]
    # What was erased is no matter where it lies behind what both have in common.
    hidden = [
        life for life, version in erased.items() if not any(version <= reached.get(life, 0) for reached in behind)
    ]
    if hidden:
        context = states.get(hidden[0].stream_id)
        name = f"{context.key!r} in namespace {context.namespace!r}" if context else "a context that is not there"
        raise AncestorErasedError(
            f"{name}, which they come from, was erased, so it can't be told what they have in common: "
            "merge with deep_merge, last_write_wins or first_write_wins instead"
        )
    if not nearest:
        raise NoCommonAncestorError(
            "they have no ancestor in common: neither was forked from the other or from what the other comes from; "
            "merge with deep_merge, last_write_wins or first_write_wins instead"
        )
    return [_point(states, *candidate) for candidate in nearest]


def _walk(states: States, points: Iterable[Point]) -> tuple[_Reached, list[Point]]:
    """What versions come from, and the points where it can't be told for want of a state."""
    reached: _Reached = {}
    missing: dict[UUID, Point] = {}
    pending = list(points)
    while pending:
        at = pending.pop()
        if at.stream_id not in states:
            missing[at.stream_id] = at
            continue
        context = states[at.stream_id]
        began = life_of(context.lineage, at.version) if context and at.version > context.erased_through else None
        life = _Life(at.stream_id, began.version if began else _NOT_KNOWN)
        known = reached.get(life, 0)
        if at.version <= known:
            continue
        reached[life] = at.version
        if context and began:
            for link in context.lineage:
                if max(began.version, known + 1) <= link.version <= at.version:
                    pending.extend(link.parents)
    return reached, list(missing.values())


def _point(states: States, life: _Life, version: int) -> Point:
    context = states[life.stream_id]
    assert context is not None, "what was reached is there"
    return Point(stream_id=context.id, namespace=context.namespace, key=context.key, version=version)
