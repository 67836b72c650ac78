"""Asking the current state for preferences, across users."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from domain.preferences.state import Preference
from infrastructure.sql import load
from projections.current_state.v1.preferences import NAME
from projections.current_state.v1.reader import Cursor, Reader, affordable, format_cursor, parse_cursor

_LIST = load(__file__, "list_preferences")

_preference: msgspec.msgpack.Decoder[Preference] = msgspec.msgpack.Decoder(Preference)


class PreferenceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; None asks nothing."""

    user_id: str | None = None
    type: str | None = None
    key: str | None = None
    explicit: bool | None = None
    min_confidence: float | None = None


class PreferenceRow(NamedTuple):
    """A preference, and whose it is."""

    user_id: str
    preference: Preference


class PreferenceReader(Reader):
    """Preferences."""

    async def list_preferences(
        self, tenant_id: int, wanted: PreferenceFilter, *, limit: int, cursor: str | None
    ) -> tuple[list[PreferenceRow], str | None]:
        """A page, the ones last come to be first, and the cursor of the next one or None.

        Raises:
            InvalidInputError: the cursor is not one of a list of preferences.
        """
        after = parse_cursor(cursor, "preferences")
        parameters = {**msgspec.structs.asdict(wanted), "tenant_id": tenant_id, "limit": limit + 1}
        parameters["after"] = after.position if after else None
        rows, more = affordable(await self.fetch(_LIST, parameters), limit, 2)
        following = format_cursor(Cursor("preferences", position=rows[-1][1])) if more else None
        found = await self.documents(rows, NAME, _preference, tenant_id)
        return [
            PreferenceRow(row[3], preference)
            for row, preference in zip(rows, found, strict=True)
            if preference is not None
        ], following
