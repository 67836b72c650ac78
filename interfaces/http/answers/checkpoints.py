"""Answers about checkpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from application.checkpoints import Listed
from domain.contexts.context import Context
from domain.contexts.marks import checkpoint_id
from interfaces.http.answers.base import Answer
from interfaces.http.answers.contexts import ChangedAnswer


def checkpoint_document(context: Context, listed: Listed) -> dict[str, Any]:
    """A checkpoint."""
    name, mark = listed
    return {
        "id": checkpoint_id(context.id, name),
        "name": name,
        "kind": "automatic" if mark.automatic else "manual",
        "description": mark.description,
        "version": mark.version,
        "at": mark.at,
    }


class CheckpointItem(Answer):
    """A checkpoint: it marks `version`; automatic ones are kept to the newest few."""

    id: str
    name: str
    kind: Literal["manual", "automatic"]
    description: str | None
    version: int
    at: datetime


class CheckpointsAnswer(Answer):
    """A page of checkpoints, by version and name."""

    items: list[CheckpointItem]
    next_cursor: str | None


class CheckpointCreatedAnswer(ChangedAnswer):
    """A checkpoint was made, as a version of its own."""

    checkpoint: CheckpointItem


class RestoredAnswer(ChangedAnswer):
    """A context is again as at a checkpoint, as a new version; `automatic` marks what was there before."""

    checkpoint: str
    to_version: int
    automatic: str
