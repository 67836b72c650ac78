"""The query of a reconstruction."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from interfaces.http.models.base import Instant, Position, Query, WholeNumber
from interfaces.http.models.recall import MOST, Budget


class ReconstructQuery(Query):
    """Of which session, as of when, how much."""

    id: str | None = None
    as_of: Instant | None = Field(None, description="As it was at this instant.")
    as_of_position: Position | None = Field(None, description="As it was after this position of the log.")
    tokens: Budget | None = Field(None, description="A budget of contexts in tokens, where the server has a tokenizer.")
    bytes: Budget | None = Field(None, description="A budget of contexts in bytes of JSON.")
    limit: MOST = 50
    recent: Annotated[int, WholeNumber, Field(ge=0, le=200)] = Field(
        20, description="Those changed last, without data."
    )
    min_position: Position = 0
    timeout: Annotated[float, Field(gt=0, le=60)] | None = Field(None, description="Seconds to wait for minPosition.")
