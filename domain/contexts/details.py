"""What a change of a context tells beyond its diff, by its names on the wire: where it came from, what came of it."""

from __future__ import annotations

from typing import Any

from domain.contexts.events import (
    CheckpointCreated,
    ContextCreated,
    ContextForked,
    ContextMerged,
    ContextSplit,
    Marking,
    Point,
)
from domain.contexts.identity import public_id
from domain.recorded import Event


def point_document(point: Point) -> dict[str, Any]:
    """A version of a context, as it is shown."""
    return {
        "id": public_id(point.stream_id),
        "key": point.key,
        "namespace": point.namespace,
        "version": point.version,
    }


def details(event: Event) -> dict[str, Any]:
    """Of an event whose contents can be read; empty where there is no more to tell."""
    told: dict[str, Any] = {}
    match event:
        case ContextCreated() if event.parted:
            told["splitFrom"] = {**point_document(event.parted.source), "pointer": event.parted.pointer}
        case ContextForked():
            told["parent"] = point_document(event.parent)
        case ContextMerged():
            told["sources"] = [point_document(source) for source in event.sources]
            told["strategy"] = event.strategy
            if event.on_conflict:
                told["onConflict"] = event.on_conflict
            if event.bases:
                told["bases"] = [point_document(base) for base in event.bases]
        case ContextSplit():
            told["parts"] = [{"pointer": part.pointer, **point_document(part.target)} for part in event.parts]
        case CheckpointCreated() if event.description:
            told["description"] = event.description
    if isinstance(event, Marking) and event.automatic:
        told["automaticCheckpoints"] = [mark.name for mark in event.automatic]
    return told
