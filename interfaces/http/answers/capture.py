"""Answers about what was captured."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from application.capturing.capturing import Captured, CaptureOutcome
from domain.capture.relationships import Relationship
from domain.contexts.identity import public_id
from interfaces.http.answers.base import Answer

MOST_DROPPED = 1_000
"""Of what was dropped, so much is told one by one."""


def capture_document(outcome: CaptureOutcome, source: str, namespace: str) -> dict[str, Any]:
    """What came of a capture."""
    return {
        "source": source,
        "namespace": namespace,
        "elements": [_element_document(each) for each in outcome.captured],
        "relationships": [relationship_document(each) for each in outcome.relationships],
        "dropped": [
            {"place": each.place, "line": each.line, "rule": each.rule} for each in outcome.dropped[:MOST_DROPPED]
        ],
        "droppedCount": len(outcome.dropped),
        "position": max((each.context.position for each in outcome.captured), default=0),
    }


def relationship_document(relationship: Relationship) -> dict[str, Any]:
    """One relationship."""
    return {
        "from": relationship.start,
        "to": relationship.end,
        "kind": relationship.kind,
        "strength": relationship.strength,
    }


def _element_document(captured: Captured) -> dict[str, Any]:
    context = captured.context
    return {
        "id": public_id(context.id),
        "key": context.key,
        "type": context.attributes.type,
        "change": captured.change,
        "version": context.version,
        "position": context.position,
    }


class CapturedElement(Answer):
    """One element's context. `change`: created, replaced or unchanged; what is unchanged made no new version."""

    id: str
    key: str
    type: str
    change: str
    version: int
    position: int


class RelationshipItem(Answer):
    """Of two elements, by their keys. `kind`: imports, directory, calls or names; the strength is 0 to 1."""

    from_: str = Field(alias="from")
    to: str
    kind: str
    strength: float


class DroppedItem(Answer):
    """What looked like a secret and was not stored: a JSON pointer into the request, and the rule that said so."""

    place: str
    line: int | None
    rule: str


class CaptureAnswer(Answer):
    """What was stored and what was dropped; `position` is the highest of the elements'."""

    source: str
    namespace: str
    elements: list[CapturedElement]
    relationships: list[RelationshipItem]
    dropped: list[DroppedItem]
    dropped_count: int
    position: int
