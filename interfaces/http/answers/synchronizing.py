"""Answers of synchronizing."""

from __future__ import annotations

from typing import Any

from interfaces.http.answers.conflicts import ConflictItem, ResolutionItem
from interfaces.http.answers.contexts import ChangedAnswer


class SynchronizedAnswer(ChangedAnswer):
    """Both states together. `changed` tells whether data changed by it; `conflicts` are those that it opened."""

    changed: bool
    resolutions: list[ResolutionItem]
    conflicts: list[ConflictItem]
    open_conflicts: int
    data: Any


class ResolvedAnswer(ChangedAnswer):
    """A conflict was decided."""

    conflict_id: str
    resolution: ResolutionItem
    open_conflicts: int
