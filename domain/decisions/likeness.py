"""How alike two situations are, and what can be learned from how earlier decisions in them turned out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import NamedTuple

from domain.decisions.canonical import canonical
from domain.decisions.decision import OUTCOMES, Decision
from domain.values import Json


def jaccard(one: Collection[str], other: Collection[str]) -> float:
    """The Jaccard index (P. Jaccard, 1901) of two sets of features: how many both have, divided by how many either has.

    From 0 to 1; 0 where both are empty.
    """
    a, b = set(one), set(other)
    return len(a & b) / len(a | b) if a or b else 0.0


def telling(size: int, least: float) -> int:
    """How many of a set's features, whichever, must be looked for to find every set that is so much like it.

    A set B with J(A, B) ≥ t shares at least ⌈t·|A|⌉ features with A, so it has one of any |A| - ⌈t·|A|⌉ + 1 of those.
    This is the prefix filter of Chaudhuri, Ganti and Kaushik (A Primitive Operator for Similarity Joins, 2006).
    """
    # A hair less, so that rounding never asks for more shared features than there must be.
    shared = max(1, math.ceil(least * size - 1e-9))
    return size - shared + 1


class Found(NamedTuple):
    """An earlier decision: `similarity` from 0 to 1, and whether it was made in the very same context."""

    decision: Decision
    similarity: float
    same_context: bool


class Tally(NamedTuple):
    """How decisions turned out: so many of each outcome, so many overridden, and their mean feedback score if any."""

    decisions: int
    outcomes: dict[str, int]
    overridden: int
    mean_feedback: float | None


class ValueTally(NamedTuple):
    """The same for those that decided one value."""

    decision: Json
    tally: Tally


class Summary(NamedTuple):
    """Of all that were found, and for each value that was decided; the most frequent first, then the newest."""

    all: Tally
    by_decision: list[ValueTally]


def summarise(found: Iterable[Found]) -> Summary:
    """How they turned out. Values are the same where their canonical text is."""
    decisions = [item.decision for item in found]
    groups: dict[str, list[Decision]] = {}
    for decision in decisions:
        groups.setdefault(canonical(decision.decision), []).append(decision)
    ordered = sorted(groups.values(), key=lambda group: (-len(group), -max(one.position for one in group)))
    return Summary(_tally(decisions), [ValueTally(group[0].decision, _tally(group)) for group in ordered])


def _tally(decisions: Collection[Decision]) -> Tally:
    scores = [decision.feedback.score for decision in decisions if decision.feedback]
    return Tally(
        len(decisions),
        {outcome: sum(decision.outcome == outcome for decision in decisions) for outcome in OUTCOMES},
        sum(decision.override is not None for decision in decisions),
        math.fsum(scores) / len(scores) if scores else None,
    )
