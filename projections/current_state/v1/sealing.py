"""What the rows of encrypted contexts and sessions show, and what their payloads are bound to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from infrastructure.payloads.encryption import place

_ATTRIBUTES, _DATA = b"current_state.v1.contexts.attributes", b"current_state.v1.contexts.data"
_DOCUMENT = "current_state.v1.{}s.document"

HIDDEN: dict[str, Any] = {"tags": [], "features": [], "environment": "", "priority": -(2**31), "importance": -1.0}
"""What stands in the columns of an encrypted context for what only its payload has: values that no filter asks for."""


def attributes_place(tenant_id: int, context_id: UUID, version: int) -> bytes:
    """Of a context's attributes."""
    return place(_ATTRIBUTES, tenant_id, context_id, version)


def data_place(tenant_id: int, context_id: UUID, version: int) -> bytes:
    """Of a context's data."""
    return place(_DATA, tenant_id, context_id, version)


def document_place(name: str, tenant_id: int, stream_id: UUID) -> bytes:
    """Of a document of that kind: session, task and so on."""
    return place(_DOCUMENT.format(name).encode(), tenant_id, stream_id)
