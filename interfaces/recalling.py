"""The most relevant contexts within a budget: candidates from the current state, ranked by the domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from domain.capture.relationships import Relationship
from domain.errors import InvalidInputError
from domain.recall import Ranking, fill, rank
from domain.relevance import ActiveTask, Relevance
from domain.values import Json
from infrastructure.tokens import Tokenizer
from projections.current_state.v1.read import ContextRow

_encoder = msgspec.json.Encoder()


class Budget(NamedTuple):
    """At most so many contexts, and so much of them. Without a size there is no other limit."""

    limit: int
    size: int | None = None
    unit: str = "bytes"


class Recalled(NamedTuple):
    """A context that was taken; `cost` in the budget's unit."""

    row: ContextRow
    relevance: Relevance
    cost: int


class Recollection(NamedTuple):
    """What was taken, the most relevant first, of how many candidates, and how those are related."""

    taken: Sequence[Recalled]
    used: int
    candidates: int
    relationships: Sequence[Relationship]
    tasks: Sequence[ActiveTask]


def budget_of(tokens: int | None, size: int | None, limit: int, tokenizer: Tokenizer | None) -> Budget:
    """The budget that a request asks for.

    Raises:
        InvalidInputError: it asks for two, or for tokens where no one can count them.
    """
    if tokens is not None and size is not None:
        raise InvalidInputError.at("/tokens", "a budget is in tokens or in bytes: give one of them")
    if tokens is None:
        return Budget(limit, size)
    if tokenizer is None:
        raise InvalidInputError.at(
            "/tokens", "no tokenizer is set (CONTEXTLINE_TOKENIZER_FILE): give the budget in bytes"
        )
    return Budget(limit, tokens, "tokens")


def recollect(
    rows: Sequence[ContextRow],
    now: datetime,
    tasks: Sequence[ActiveTask],
    budget: Budget,
    tokenizer: Tokenizer | None,
) -> Recollection:
    """Rank candidates (with their data) and take those that fit. What one costs: its key and its data, as JSON."""
    ranking = rank(rows, [_data(row) for row in rows], now, tasks)
    return take(rows, ranking, budget, tokenizer)


def take(rows: Sequence[ContextRow], ranking: Ranking, budget: Budget, tokenizer: Tokenizer | None) -> Recollection:
    """Of ranked candidates those that fit."""
    ordered = [(rows[each.number], each.relevance) for each in ranking.ranked]
    if budget.size is None:
        ordered = ordered[: budget.limit]
    costs = [_cost(row, budget.unit, tokenizer) for row, _ in ordered]
    taken = [Recalled(*ordered[index], costs[index]) for index in fill(costs, budget.size, budget.limit)]
    used = sum(each.cost for each in taken)
    return Recollection(taken, used, len(rows), ranking.relationships, ranking.tasks)


def _cost(row: ContextRow, unit: str, tokenizer: Tokenizer | None) -> int:
    text = _encoder.encode({"key": row.key, "data": _data(row)})
    if unit == "bytes":
        return len(text)
    assert tokenizer is not None, "a budget in tokens is asked for where they can be counted alone"
    return tokenizer.count(text.decode())


def _data(row: ContextRow) -> Json:
    return row.data[0] if row.data is not None else None
