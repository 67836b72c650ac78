# Generated from _async/decisions.py by scripts/generate_sync_client.py: edit that, then run the script.
"""Calls about decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack

from contextline._encoding import check_names, named
from contextline._sync.base import Base
from contextline.options import DecisionFilters, DecisionOptions
from contextline.types import Decision, Page, SimilarDecisions


class DecisionCalls(Base):
    """Calls about decisions."""

    def make_decision(self, session_id: str, decision: Any, **options: Unpack[DecisionOptions]) -> Decision:
        """Record a decision, under an id of your choice (`decision_id`) or one that the server makes.

        Raises:
            AlreadyExistsError: the id was used before.
            InvalidInputError: the confidence is not from 0 to 1, or both context and context_hash are given.
        """
        check_names("make_decision", DecisionOptions, options)
        body = {name: value for name, value in options.items() if name != "decision_id"}
        body |= {"id": options.get("decision_id"), "session_id": session_id}
        return self._decision_command("/api/decisions", {}, {**named(**body), "decision": decision})

    def get_decision(self, decision_id: str) -> Decision:
        """The decision as it is now.

        Raises:
            DecisionNotFoundError: there is none.
        """
        return self._transport.read("/api/decisions/get", Decision, {"id": decision_id})

    def list_decisions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
        timeout: float | None = None,
        **filters: Unpack[DecisionFilters],
    ) -> Page[Decision]:
        """A page of decisions, newest first; `min_position` and `timeout` as in `list`.

        Raises:
            ReadModelBehindError: the list did not get as far as `min_position` in time.
        """
        check_names("list_decisions", DecisionFilters, filters)
        wanted: dict[str, Any] = {name: value for name, value in filters.items() if name != "features"}
        wanted |= {"feature": filters.get("features"), "limit": limit, "cursor": cursor}
        return self._read_model("/api/decisions", Page[Decision], wanted, min_position, timeout)

    def similar_decisions(
        self,
        *,
        context: Any = None,
        context_hash: str | None = None,
        features: Sequence[str] | None = None,
        type: str | None = None,  # noqa: A002 - the word of the API
        agent_id: str | None = None,
        min_similarity: float | None = None,
        limit: int | None = None,
        min_position: int | None = None,
        timeout: float | None = None,
    ) -> SimilarDecisions:
        """Earlier decisions made in the same context, else in similar ones, and how they turned out.

        Similarity is the Jaccard index of the features: those that both have, divided by those that either has.
        `min_similarity`: above 0, at most 1 (0.3); `limit`: 1 to 100 (10).

        Raises:
            InvalidInputError: there is neither a context nor features to compare with.
            ReadModelBehindError: the read model did not get as far as `min_position` in time.
        """
        body = named(
            context=context,
            context_hash=context_hash,
            features=features,
            type=type,
            agent_id=agent_id,
            min_similarity=min_similarity,
            limit=limit,
            min_position=self._position_for(min_position),
            timeout=timeout,
        )
        with self._forgetting(min_position):
            path = "/api/decisions/similar"
            return self._transport.read_by_body(path, SimilarDecisions, body, wait=timeout or 0)

    def record_outcome(
        self,
        decision_id: str,
        outcome: Literal["success", "failure", "partial", "unknown"],
        *,
        details: Any = None,
        reason: str | None = None,
        session_id: str | None = None,
        agent_id: str | None = None,
        changed_by: str | None = None,
        expected_version: int | None = None,
    ) -> Decision:
        """Say how a decision turned out, or correct what was said.

        `session_id`, `agent_id` and `changed_by` are of who says it; left out, it is told of the decision's session.

        Raises:
            DecisionNotFoundError: there is none.
            VersionConflictError: `expected_version` is not the current version.
        """
        body = named(
            outcome=outcome,
            details=details,
            reason=reason,
            session_id=session_id,
            agent_id=agent_id,
            changed_by=changed_by,
            expected_version=expected_version,
        )
        return self._decision_command("/api/decisions/outcome", {"id": decision_id}, body)

    def override_decision(
        self,
        decision_id: str,
        instead: Any,
        *,
        by: str,
        reason: str | None = None,
        session_id: str | None = None,
        agent_id: str | None = None,
        changed_by: str | None = None,
        expected_version: int | None = None,
    ) -> Decision:
        """Say that a person decided otherwise, and what instead; otherwise as `record_outcome`."""
        body = named(
            by=by,
            reason=reason,
            session_id=session_id,
            agent_id=agent_id,
            changed_by=changed_by,
            expected_version=expected_version,
        )
        return self._decision_command("/api/decisions/override", {"id": decision_id}, {**body, "instead": instead})

    def give_feedback(
        self,
        decision_id: str,
        score: float,
        *,
        by: str | None = None,
        comment: str | None = None,
        session_id: str | None = None,
        agent_id: str | None = None,
        changed_by: str | None = None,
        expected_version: int | None = None,
    ) -> Decision:
        """Say what is thought of a decision: `score` from -1 (harmful) through 0 to 1; otherwise as `record_outcome`.

        Raises:
            InvalidInputError: the score is not from -1 to 1.
        """
        body = named(
            score=score,
            by=by,
            comment=comment,
            session_id=session_id,
            agent_id=agent_id,
            changed_by=changed_by,
            expected_version=expected_version,
        )
        return self._decision_command("/api/decisions/feedback", {"id": decision_id}, body)

    def _decision_command(self, path: str, parameters: Mapping[str, Any], body: Mapping[str, Any]) -> Decision:
        decision = self._transport.command("POST", path, Decision, parameters, body)
        self._seen.note(decision.position)
        return decision
