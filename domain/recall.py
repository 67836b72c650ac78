"""Which contexts to recall: the most relevant ones that fit into a budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.capture.elements import Element, from_data
from domain.capture.relationships import Relationship, relate, strengths
from domain.contexts.events import Attributes
from domain.contexts.identity import public_id
from domain.relevance import ActiveTask, Relevance, about, captured_tasks, relevance
from domain.values import Json


class Candidate(Protocol):
    """A context that may be recalled."""

    @property
    def id(self) -> UUID: ...  # noqa: D102
    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def namespace(self) -> str: ...  # noqa: D102
    @property
    def attributes(self) -> Attributes: ...  # noqa: D102
    @property
    def updated_at(self) -> datetime: ...  # noqa: D102
    @property
    def access_count(self) -> int: ...  # noqa: D102


class Ranked(NamedTuple):
    """A candidate's place: `number` is its own among the candidates, from 0."""

    number: int
    relevance: Relevance


class Ranking(NamedTuple):
    """All candidates, the most relevant first, and how those of them that were captured are related."""

    ranked: Sequence[Ranked]
    relationships: Sequence[Relationship]
    tasks: Sequence[ActiveTask]


def rank(candidates: Sequence[Candidate], data: Sequence[Json], now: datetime, tasks: Sequence[ActiveTask]) -> Ranking:
    """Order candidates by relevance. Captured tasks among them that are to be done count as active too.

    Of equal ones the one changed last comes first, then by namespace and key. Relationships are told by key, among
    elements of one namespace.
    """
    elements = _elements(candidates, data)
    found: list[Relationship] = []
    mean: dict[tuple[str, str], float] = {}
    active = list(tasks)
    for namespace, of in elements.items():
        related = relate(of)
        found += related
        mean |= {(namespace, key): value for key, value in strengths(related).items()}
        projects = {
            each.key: _project(each.attributes) for each in candidates if each.namespace == namespace and each.key in of
        }
        active += captured_tasks(of, projects)
    ranked = []
    for number, each in enumerate(candidates):
        element = elements.get(each.namespace, {}).get(each.key)
        what = about(each.key, public_id(each.id), each.attributes.features, each.attributes.metadata, element)
        strength = mean.get((each.namespace, each.key), 0.0)
        score = relevance(now, each.updated_at, each.access_count, strength, what, active)
        ranked.append(Ranked(number, score))

    def place(one: Ranked) -> tuple[float, float, str, str]:
        candidate = candidates[one.number]
        return -one.relevance.score, -candidate.updated_at.timestamp(), candidate.namespace, candidate.key

    return Ranking(sorted(ranked, key=place), found, active)


def fill(costs: Sequence[int], budget: int | None, most: int) -> list[int]:
    """Which of these to take, in their order: each that fits into what is left of the budget, at most so many.

    One that is too large for what is left is passed over, never cut; None: no budget.
    """
    taken: list[int] = []
    left = budget
    for index, cost in enumerate(costs):
        if len(taken) == most:
            break
        if left is None or cost <= left:
            taken.append(index)
            left = None if left is None else left - cost
    return taken


def _elements(candidates: Sequence[Candidate], data: Sequence[Json]) -> dict[str, dict[str, Element]]:
    found: dict[str, dict[str, Element]] = {}
    for candidate, value in zip(candidates, data, strict=True):
        element = from_data(candidate.attributes.type, value)
        if element is not None:
            found.setdefault(candidate.namespace, {})[candidate.key] = element
    return found


def _project(attributes: Attributes) -> str | None:
    project = attributes.metadata.get("project")
    return project if isinstance(project, str) else None
