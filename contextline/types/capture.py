"""Results of captures, and of asking for what is relevant."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from contextline.types.base import Result
from contextline.types.conflicts import OpenConflict
from contextline.types.contexts import Context
from contextline.types.decisions import Decision
from contextline.types.preferences import Preferences
from contextline.types.sessions import Session
from contextline.types.tasks import Task


class CapturedElement(Result, frozen=True, kw_only=True):
    """An element's context. `change`: created, replaced or unchanged; what is unchanged made no new version."""

    id: str
    key: str
    type: str
    change: str
    version: int
    position: int


class Relationship(Result, frozen=True, kw_only=True):
    """Of two elements, by their keys. `kind`: imports, directory, calls or names; `strength`: 0 to 1."""

    start: str = field(name="from")
    end: str = field(name="to")
    kind: str
    strength: float


class Dropped(Result, frozen=True, kw_only=True):
    """What looked like a secret and was not stored: a JSON pointer into the request, the line, and the rule."""

    place: str
    line: int | None = None
    rule: str


class Captured(Result, frozen=True, kw_only=True):
    """What a capture stored, how its elements are related, and what was dropped: the first ones, and how many."""

    source: str
    namespace: str
    elements: list[CapturedElement]
    relationships: list[Relationship]
    dropped: list[Dropped]
    dropped_count: int
    position: int


class Relevance(Result, frozen=True, kw_only=True):
    """score = 0.3 · time_decay + 0.2 · access_boost + 0.25 · relationships + 0.25 · task_relevance, at most 1."""

    score: float
    time_decay: float
    access_boost: float
    relationships: float
    task_relevance: float


class RelevantContext(Context, frozen=True, kw_only=True):
    """A context with its data and its relevance; `cost` is what it takes of the budget."""

    relevance: Relevance
    cost: int


class Budget(Result, frozen=True, kw_only=True):
    """What was asked for and what was used, in bytes of JSON or in tokens."""

    unit: str
    size: int | None = None
    used: int
    limit: int


class Relevant(Result, frozen=True, kw_only=True):
    """The most relevant contexts first, of so many candidates; `at` is the instant that scores are of."""

    items: list[RelevantContext]
    relationships: list[Relationship]
    budget: Budget
    candidates: int
    active_tasks: list[str]
    at: datetime


class ConflictOfContext(OpenConflict, frozen=True, kw_only=True):
    """An open conflict, and of which context."""

    namespace: str
    key: str


class Reconstruction(Result, frozen=True, kw_only=True):
    """A session at an instant: what is relevant comes with its data, what is recent without.

    `preferences` are those of the session's user, `decisions` the 20 made last, `conflicts` those that are open in the
    contexts of the answer, at most 100 of `open_conflicts`. `position` is that of the log up to which it is told;
    `complete` False: the session had more contexts and tasks then than are looked at.
    """

    session: Session
    active_tasks: list[Task]
    relevant: list[RelevantContext]
    recent: list[Context]
    preferences: Preferences | None = None
    decisions: list[Decision] = []
    conflicts: list[ConflictOfContext] = []
    open_conflicts: int = 0
    relationships: list[Relationship]
    budget: Budget
    candidates: int
    complete: bool
    position: int
    at: datetime
