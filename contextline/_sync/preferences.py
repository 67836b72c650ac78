# Generated from _async/preferences.py by scripts/generate_sync_client.py: edit that, then run the script.
"""Calls about users' preferences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contextline._encoding import named
from contextline._sync.base import Base
from contextline.types import Page, Preferences, UserPreference


class PreferenceCalls(Base):
    """Calls about users' preferences. `encrypt` left out: as they are by now, else as the server is set."""

    def observe_preference(
        self,
        user_id: str,
        type: str,  # noqa: A002 - the word of the API
        key: str,
        value: Any,
        *,
        session_id: str | None = None,
        agent_id: str | None = None,
        changed_by: str | None = None,
        encrypt: bool | None = None,
        expected_version: int | None = None,
    ) -> Preferences:
        """The user was seen to prefer a value; the answer has that preference as it is now.

        Raises:
            InvalidInputError: the value has more than 1,024 bytes of JSON.
            TooManyPreferencesError: the user has 1,000 others.
        """
        return self.observe_preferences(
            user_id,
            [(type, key, value)],
            session_id=session_id,
            agent_id=agent_id,
            changed_by=changed_by,
            encrypt=encrypt,
            expected_version=expected_version,
        )

    def observe_preferences(
        self,
        user_id: str,
        observations: Iterable[tuple[str, str, Any]],
        *,
        session_id: str | None = None,
        agent_id: str | None = None,
        changed_by: str | None = None,
        encrypt: bool | None = None,
        expected_version: int | None = None,
    ) -> Preferences:
        """Up to 100 observations, each (type, key, value), all or nothing; otherwise as `observe_preference`."""
        body = named(
            session_id=session_id,
            agent_id=agent_id,
            changed_by=changed_by,
            encrypt=encrypt,
            expected_version=expected_version,
        )
        seen = [{"type": type, "key": key, "value": value} for type, key, value in observations]  # noqa: A001
        return self._preference_command("observe", user_id, {**body, "observations": seen})

    def set_preference(
        self,
        user_id: str,
        type: str,  # noqa: A002 - the word of the API
        key: str,
        value: Any,
        *,
        reason: str | None = None,
        session_id: str | None = None,
        agent_id: str | None = None,
        changed_by: str | None = None,
        encrypt: bool | None = None,
        expected_version: int | None = None,
    ) -> Preferences:
        """Have a value hold until it is cleared, whatever is observed; raises as `observe_preference`."""
        body = named(
            type=type,
            key=key,
            reason=reason,
            session_id=session_id,
            agent_id=agent_id,
            changed_by=changed_by,
            encrypt=encrypt,
            expected_version=expected_version,
        )
        return self._preference_command("set", user_id, {**body, "value": value})

    def clear_preference(
        self,
        user_id: str,
        type: str,  # noqa: A002 - the word of the API
        key: str,
        *,
        observations: bool = False,
        reason: str | None = None,
        session_id: str | None = None,
        agent_id: str | None = None,
        changed_by: str | None = None,
        expected_version: int | None = None,
    ) -> Preferences:
        """Have what was set hold no longer: what was observed holds again, or with `observations` is forgotten too.

        Raises:
            PreferenceNotFoundError: there is no such preference, or it was only observed and that is to be kept.
        """
        body = named(
            type=type,
            key=key,
            observations=observations or None,
            reason=reason,
            session_id=session_id,
            agent_id=agent_id,
            changed_by=changed_by,
            expected_version=expected_version,
        )
        return self._preference_command("clear", user_id, body)

    def get_preferences(
        self,
        user_id: str,
        *,
        type: str | None = None,  # noqa: A002 - the word of the API
        key: str | None = None,
    ) -> Preferences:
        """The preferences of a user as they are now, all or those of that type or key. There may be none.

        Raises:
            PreferencesErasedError: they were erased, and nothing was observed or set since.
        """
        wanted = {"user_id": user_id, "type": type, "key": key}
        return self._transport.read("/api/preferences/get", Preferences, wanted)

    def list_preferences(
        self,
        *,
        user_id: str | None = None,
        type: str | None = None,  # noqa: A002 - the word of the API
        key: str | None = None,
        explicit: bool | None = None,
        min_confidence: float | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
        timeout: float | None = None,
    ) -> Page[UserPreference]:
        """A page of preferences across users; `min_position` and `timeout` as in `list`.

        Raises:
            ReadModelBehindError: the list did not get as far as `min_position` in time.
        """
        wanted = {
            "user_id": user_id,
            "type": type,
            "key": key,
            "explicit": explicit,
            "min_confidence": min_confidence,
            "limit": limit,
            "cursor": cursor,
        }
        return self._read_model("/api/preferences", Page[UserPreference], wanted, min_position, timeout)

    def _preference_command(self, what: str, user_id: str, body: Mapping[str, Any]) -> Preferences:
        body = {"userId": user_id, **body}
        changed = self._transport.command("POST", f"/api/preferences/{what}", Preferences, {}, body)
        self._seen.note(changed.position)
        return changed
