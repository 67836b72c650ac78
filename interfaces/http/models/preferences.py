"""Bodies and queries about preferences."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from domain.preferences.preferences import MAX_OBSERVATIONS, MAX_VALUE_BYTES
from interfaces.http.models.base import Body, CausedBody, Name, PageQuery, Query, SessionId, Text, Version

_VALUE = f"Any JSON of at most {MAX_VALUE_BYTES} bytes."


class ChangePreferencesRequest(CausedBody):
    """A change of a user's preferences."""

    user_id: Name
    session_id: SessionId | None = Field(None, description="In which session this came up.")
    agent_id: Name | None = None
    expected_version: Version | None = None
    encrypt: bool | None = Field(
        None, description="Encrypt them; left out: as they are, else as CONTEXTLINE_ENCRYPT_DEFAULT says."
    )


class ObservationBody(Body):
    """The user was seen to prefer a value."""

    type: Name
    key: Name
    value: Any = Field(description=_VALUE)


class ObserveRequest(ChangePreferencesRequest):
    """What was observed: all or nothing of it is taken in, in this order."""

    observations: Annotated[list[ObservationBody], Field(min_length=1, max_length=MAX_OBSERVATIONS)]


class SetPreferenceRequest(ChangePreferencesRequest):
    """A value that holds until it is cleared, whatever is observed."""

    type: Name
    key: Name
    value: Any = Field(description=_VALUE)
    reason: Text | None = None


class ClearPreferenceRequest(ChangePreferencesRequest):
    """What was set is to hold no longer."""

    type: Name
    key: Name
    observations: bool = Field(False, description="Forget what was observed, too.")
    reason: Text | None = None


class PreferencesQuery(Query):
    """A user's preferences, or those of one type, or one of them; the user may stand in the path instead."""

    user_id: str | None = None
    type: Name | None = None
    key: Name | None = None


class PreferenceListQuery(PageQuery):
    """Filters; those given must all hold."""

    user_id: Name | None = None
    type: Name | None = None
    key: Name | None = None
    explicit: bool | None = None
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
