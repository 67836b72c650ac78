"""Bodies of erasing."""

from __future__ import annotations

from interfaces.http.models.base import Body, Name, Namespace, Text


class EraseRequest(Body):
    """Who erases, and why: kept in the clear for ever, so that it can be told what was done."""

    reason: Text | None = None
    changed_by: Name | None = None
    causation_id: Name | None = None
    correlation_id: Name | None = None


class EraseContextRequest(EraseRequest):
    """A context to erase; path or query may name it instead."""

    key: str | None = None
    namespace: Namespace = ""


class EraseUserRequest(EraseRequest):
    """A user to erase."""

    user_id: Name
