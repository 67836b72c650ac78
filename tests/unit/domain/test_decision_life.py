"""Decisions: made once, told how they turned out, corrected."""

from typing import Any

import pytest

from domain.decisions import decision as decisions
from domain.decisions.commands import GiveFeedback, MakeDecision, Override, RecordOutcome
from domain.decisions.decision import MAX_FEATURES, OUTCOMES, Decision, check_id, existing
from domain.decisions.events import (
    DecisionFeedbackGiven,
    DecisionMade,
    DecisionOutcomeRecorded,
    DecisionOverridden,
)
from domain.errors import AlreadyExistsError, DecisionNotFoundError, InvalidInputError, VersionConflictError
from domain.recorded import Event
from tests.unit.domain.stories import at, recorded

FIELDS: dict[str, Any] = {
    "decision_id": "d-1",
    "session_id": "s-1",
    "task_id": "t-1",
    "agent_id": "a-1",
    "user_id": "u-1",
    "type": "ci",
    "context_hash": "h",
    "decision": {"action": "retry"},
    "alternatives": ["skip"],
    "confidence": 0.5,
    "autonomous": True,
    "reasoning": "why",
    "metadata": {"m": 1},
}
MADE = DecisionMade(features=("x", "y"), **FIELDS)


def decision_after(*events: Event, seconds: float = 0) -> Decision:
    decision = decisions.fold(None, recorded(*events, seconds=seconds))
    assert decision is not None
    return decision


def test_a_decision_is_made_with_what_it_was_given_and_nobody_knows_yet_how_it_turns_out() -> None:
    assert decisions.make(None, MakeDecision(features=("x", "y", "x"), **FIELDS)) == [MADE]
    decision = decision_after(MADE)
    assert decision.id == "d-1"
    for name, value in FIELDS.items():
        assert decision.id == value if name == "decision_id" else getattr(decision, name) == value
    assert (decision.features, decision.version, decision.position) == (("x", "y"), 1, 10)
    assert (decision.outcome, decision.outcome_at, decision.override, decision.feedback) == (
        "unknown",
        None,
        None,
        None,
    )
    assert (decision.created_at, decision.updated_at, decision.erased) == (at(0), at(0), False)


def test_an_id_can_be_used_once() -> None:
    with pytest.raises(AlreadyExistsError, match="'d-1' exists") as refusal:
        decisions.make(decision_after(MADE), MakeDecision(features=(), **FIELDS))
    assert refusal.value.details() == {"currentVersion": 1}


@pytest.mark.parametrize("confidence", [-0.001, 1.001, float("nan"), float("inf")])
def test_a_confidence_outside_0_to_1_is_refused(confidence: float) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        decisions.make(None, MakeDecision(**(FIELDS | {"confidence": confidence})))
    assert [fault.pointer for fault in refusal.value.faults] == ["/confidence"]


@pytest.mark.parametrize("confidence", [None, 0, 1, 0.0, 1.0])
def test_the_limits_of_confidence_are_accepted(confidence: float | None) -> None:
    (event,) = decisions.make(None, MakeDecision(**(FIELDS | {"confidence": confidence})))
    assert isinstance(event, DecisionMade)
    assert event.confidence == confidence


def test_more_than_256_features_are_refused_and_repeated_ones_count_once() -> None:
    names = tuple(f"f-{number}" for number in range(MAX_FEATURES))
    (event,) = decisions.make(None, MakeDecision(features=names + names, **FIELDS))
    assert isinstance(event, DecisionMade)
    assert event.features == names
    with pytest.raises(InvalidInputError) as refusal:
        decisions.make(None, MakeDecision(features=(*names, "one more"), **FIELDS))
    assert [fault.pointer for fault in refusal.value.faults] == ["/features"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_outcome_is_recorded_and_can_be_corrected(outcome: str) -> None:
    (event,) = decisions.record_outcome(
        decision_after(MADE), RecordOutcome(outcome=outcome, details={"exit": 1}, reason="why", expected_version=1)
    )
    assert event == DecisionOutcomeRecorded(outcome=outcome, details={"exit": 1}, reason="why")
    decision = decisions.fold(decision_after(MADE), recorded(event, seconds=30, after=1))
    assert decision is not None
    assert (decision.outcome, decision.outcome_details, decision.outcome_reason) == (outcome, {"exit": 1}, "why")
    assert (decision.outcome_at, decision.updated_at, decision.created_at) == (at(30), at(30), at(0))
    (event,) = decisions.record_outcome(decision, RecordOutcome(outcome="partial"))
    corrected = decisions.fold(decision, recorded(event, seconds=60, after=2))
    assert corrected is not None
    assert (corrected.outcome, corrected.outcome_details, corrected.outcome_reason) == ("partial", None, None)
    assert corrected.decision == {"action": "retry"}


@pytest.mark.parametrize("outcome", ["", "good", "Success"])
def test_an_outcome_that_is_none_of_the_four_is_refused(outcome: str) -> None:
    with pytest.raises(InvalidInputError, match="success, failure, partial, unknown"):
        decisions.record_outcome(decision_after(MADE), RecordOutcome(outcome=outcome))


def test_a_person_can_decide_otherwise_and_think_again() -> None:
    (event,) = decisions.override(decision_after(MADE), Override(by="ada", instead="skip", reason="slow"))
    assert event == DecisionOverridden(by="ada", instead="skip", reason="slow")
    decision = decision_after(MADE, event, DecisionOverridden(by="bob", instead=None))
    assert decision.override is not None
    assert (decision.override.by, decision.override.instead, decision.override.reason) == ("bob", None, None)
    assert decision.decision == {"action": "retry"}


@pytest.mark.parametrize("score", [-1, -0.5, 0, 1.0])
def test_feedback_is_given_and_can_be_corrected(score: float) -> None:
    (event,) = decisions.give_feedback(decision_after(MADE), GiveFeedback(score=score, by="ada", comment="c"))
    assert event == DecisionFeedbackGiven(score=score, by="ada", comment="c")
    decision = decision_after(MADE, event, seconds=5)
    assert decision.feedback is not None
    assert (decision.feedback.score, decision.feedback.by, decision.feedback.at) == (score, "ada", at(5))
    corrected = decision_after(MADE, event, DecisionFeedbackGiven(score=0.25))
    assert corrected.feedback is not None
    assert (corrected.feedback.score, corrected.feedback.by) == (0.25, None)


@pytest.mark.parametrize("score", [-1.001, 1.001, float("nan")])
def test_a_score_outside_minus_1_to_1_is_refused(score: float) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        decisions.give_feedback(decision_after(MADE), GiveFeedback(score=score))
    assert [fault.pointer for fault in refusal.value.faults] == ["/score"]


def test_nothing_can_be_said_of_what_was_never_made_or_on_a_stale_version() -> None:
    for decision, expected, refusal in (
        (None, None, DecisionNotFoundError),
        (decision_after(MADE), 2, VersionConflictError),
    ):
        with pytest.raises(refusal):
            decisions.record_outcome(decision, RecordOutcome(outcome="success", expected_version=expected))
        with pytest.raises(refusal):
            decisions.override(decision, Override(by="ada", instead=1, expected_version=expected))
        with pytest.raises(refusal):
            decisions.give_feedback(decision, GiveFeedback(score=1, expected_version=expected))
    with pytest.raises(DecisionNotFoundError):
        existing(None)


@pytest.mark.parametrize("bad", ["", "x" * 257, "a\nb", "\ud800"])
def test_an_id_that_breaks_the_rules_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInputError):
        check_id(bad)
