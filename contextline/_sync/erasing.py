# Generated from _async/erasing.py by scripts/generate_sync_client.py: edit that, then run the script.
"""Calls that erase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contextline._encoding import named
from contextline._sync.base import Base
from contextline.types import (
    ErasedAll,
    ErasedContext,
)


class ErasingCalls(Base):
    """Calls that erase."""

    def erase(
        self, key: str, *, namespace: str = "", reason: str | None = None, changed_by: str | None = None
    ) -> ErasedContext:
        """Destroy the keys of a context that was stored encrypted: nothing, no backup either, gives it back.

        `reason` and `changed_by` are kept in the clear for ever. For a context that is erased already the answer is
        that of the first time.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
            StoredInTheClearError: it was not encrypted; it can be deleted.
        """
        body = named(key=key, namespace=namespace, reason=reason, changed_by=changed_by)
        erased = self._transport.command("POST", "/api/context/erase", ErasedContext, {}, body)
        self._seen.note(erased.position)
        return erased

    def erase_session(self, session_id: str, *, reason: str | None = None, changed_by: str | None = None) -> ErasedAll:
        """Erase a session, its decisions, and the contexts that are or were in it; what was in the clear is told.

        Raises:
            NotFoundError: there is nothing of it.
            StoredInTheClearError: nothing of it was encrypted.
            ReadModelBehindError: what can't be erased can't be told yet; nothing was erased.
        """
        return self._erase_all("/api/sessions/erase", {"id": session_id}, reason, changed_by)

    def erase_user(self, user_id: str, *, reason: str | None = None, changed_by: str | None = None) -> ErasedAll:
        """Erase a user's sessions with what is in them, and the user's other contexts, decisions and preferences.

        Otherwise as `erase_session`.
        """
        return self._erase_all("/api/users/erase", {}, reason, changed_by, user_id=user_id)

    def _erase_all(
        self, path: str, parameters: Mapping[str, Any], reason: str | None, changed_by: str | None, **names: str
    ) -> ErasedAll:
        body = named(reason=reason, changed_by=changed_by, **names)
        erased = self._transport.command("POST", path, ErasedAll, parameters, body)
        self._seen.note(erased.position)
        return erased
