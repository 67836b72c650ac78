"""Answers about forks, splits and merges."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from application.branches import MergedContext, VersionRef
from domain.contexts.details import point_document
from interfaces.http.answers.base import Answer
from interfaces.http.answers.contexts import ChangedAnswer, changed_document

MAX_CONFLICTS = 100
"""So many are told in an answer; the others are counted."""


def missing_document(source: VersionRef) -> dict[str, Any]:
    """A source that was left out of a merge."""
    return {"key": source.ref.key, "namespace": source.ref.namespace, "version": source.version}


def merged_document(merged: MergedContext, strategy: str) -> dict[str, Any]:
    """What a merge answers."""
    shown = merged.conflicts[:MAX_CONFLICTS]
    return {
        **changed_document(merged.context),
        "created": merged.created,
        "strategy": strategy,
        "sources": [point_document(source) for source in merged.sources],
        "bases": [point_document(base) for base in merged.bases],
        "missing": [missing_document(source) for source in merged.missing],
        "conflicts": [{**found.document(), "taken": found.taken} for found in shown],
        "conflictCount": len(merged.conflicts),
        "automatic": merged.automatic,
    }


class PointAnswer(Answer):
    """A version of a context."""

    id: str
    key: str
    namespace: str
    version: int


class ForkedAnswer(ChangedAnswer):
    """A branch was begun; `parent` is what it was forked from."""

    created_at: datetime
    parent: PointAnswer


class PartAnswer(ChangedAnswer):
    """A context that a part of another one became."""

    pointer: str


class SplitAnswer(ChangedAnswer):
    """A context was split; `position` covers the targets too."""

    targets: list[PartAnswer]


class MissingSource(Answer):
    """A source that was not there."""

    key: str
    namespace: str
    version: int | None


class ConflictSource(Answer):
    """Whose `theirs` are."""

    key: str
    namespace: str
    version: int


class MergeConflict(Answer):
    """A place that both sides changed differently; what is not there has no value. `taken`: ours, theirs or open."""

    pointer: str
    base: Any = None
    ours: Any = None
    theirs: Any = None
    source: ConflictSource
    taken: str


class MergedAnswer(ChangedAnswer):
    """Merged: 201 into a new context, 200 into a live one, whose state before is marked by the checkpoint `automatic`.

    `bases` are the ancestors that a three-way merge compared with. At most 100 conflicts are told.
    """

    created: bool
    strategy: str
    sources: list[PointAnswer]
    bases: list[PointAnswer]
    missing: list[MissingSource]
    conflicts: list[MergeConflict]
    conflict_count: int
    automatic: str | None
