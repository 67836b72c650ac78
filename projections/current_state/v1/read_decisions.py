"""Asking the current state for decisions: by filters, and by how much their situation was like another one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from domain.decisions.decision import Decision
from domain.decisions.likeness import Found, telling
from infrastructure.postgres.arrays import Texts
from infrastructure.sql import load
from projections.current_state.v1.reader import PAGE_BYTES, Reader, affordable

CANDIDATES = 5_000
"""Decisions that are compared for one question at most, and as many that were made in the same context."""

_LIST = load(__file__, "list_decisions")
_LIST_BY_FEATURE = load(__file__, "list_decisions_by_feature")
_COUNT_FEATURES = load(__file__, "count_features")
_SIMILAR = load(__file__, "similar_decisions")

_decision: msgspec.msgpack.Decoder[Decision] = msgspec.msgpack.Decoder(Decision)


class DecisionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; None asks nothing. Features: those that have all of them. Instants: from, before."""

    session_id: str | None = None
    task_id: str | None = None
    agent_id: str | None = None
    user_id: str | None = None
    type: str | None = None
    outcome: str | None = None
    autonomous: bool | None = None
    context_hash: str | None = None
    features: list[str] | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


class Similar(NamedTuple):
    """What was found, the most alike first; `complete`: no decision that is like enough was left out of the search."""

    found: list[Found]
    complete: bool


class DecisionReader(Reader):
    """Decisions."""

    async def list_decisions(
        self, tenant_id: int, wanted: DecisionFilter, *, limit: int, cursor: str | None
    ) -> tuple[list[Decision], str | None]:
        """A page, newest first, and the cursor of the next one or None; with large data it has fewer than `limit`.

        Raises:
            InvalidInputError: the cursor is not one of a list of decisions.
        """
        parameters = msgspec.structs.asdict(wanted)
        statement = _LIST
        if wanted.features:
            statement, parameters["feature"] = _LIST_BY_FEATURE, wanted.features[0]
        return await self.page_of_documents(
            statement, parameters, "decision", _decision, tenant_id=tenant_id, limit=limit, cursor=cursor
        )

    async def similar(
        self,
        tenant_id: int,
        context_hash: str | None,
        features: Sequence[str],
        *,
        least: float,
        limit: int,
        type_: str | None = None,
        agent_id: str | None = None,
    ) -> Similar:
        """Decisions made in the same context, then those whose features have a Jaccard index of at least `least`.

        The most alike first, newest first among equals. At most 5,000 are compared: of the features that every one that
        is like enough must have one of, those are looked for that the fewest decisions have, and of each the newest.
        """
        features = list(dict.fromkeys(features))
        looked_for, each, complete = await self._looked_for(tenant_id, features, least)
        rows = await self.fetch(
            _SIMILAR,
            {
                "tenant_id": tenant_id,
                "context_hash": context_hash,
                "features": Texts(features),
                "looked_for": Texts(looked_for),
                "each": each,
                "most": CANDIDATES,
                "least": least,
                "limit": limit,
                "type": type_,
                "agent_id": agent_id,
                "bytes": PAGE_BYTES,
            },
        )
        rows, cut = affordable(rows, limit, 2)
        decisions = await self.documents(rows, "decision", _decision, tenant_id)
        found = [
            Found(decision, row[3], row[4])
            for row, decision in zip(rows, decisions, strict=True)
            if decision is not None
        ]
        return Similar(found, complete and not cut)

    async def _looked_for(self, tenant_id: int, features: Sequence[str], least: float) -> tuple[list[str], int, bool]:
        """The features by which candidates are found, how many of each, and whether those are all that there are."""
        if not features:
            return [], 0, True
        count = telling(len(features), least)
        each = CANDIDATES // count
        asked: dict[str, Any] = {"tenant_id": tenant_id, "features": Texts(features), "limit": each + 1}
        found = sorted(await self.fetch(_COUNT_FEATURES, asked), key=lambda row: (row[1], row[0]))
        rarest = [row for row in found if row[1]][: max(0, count - sum(not row[1] for row in found))]
        return [row[0] for row in rarest], each, all(row[1] <= each for row in rarest)
