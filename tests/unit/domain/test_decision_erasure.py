"""Erasing a decision."""

import msgspec
import pytest

from domain.catalogue import NAMES
from domain.decisions import decision as decisions
from domain.decisions.commands import GiveFeedback, MakeDecision
from domain.decisions.decision import existing
from domain.decisions.events import DecisionErased, DecisionFeedbackGiven, DecisionMade, DecisionOutcomeRecorded
from domain.erasure import Erased, Subject
from domain.errors import AlreadyExistsError, DecisionErasedError
from domain.recorded import Event
from tests.unit.domain.stories import recorded

MADE = DecisionMade(decision_id="d-1", session_id="s-1", user_id="u-1", decision="go", features=("x",), encrypted=True)
GONE = DecisionErased(decision_id="d-1", reason="asked for", keys=("00",))


def test_it_folds_alike_whether_what_came_before_can_be_read_or_not() -> None:
    for before in ([MADE], [MADE, DecisionOutcomeRecorded(outcome="success"), DecisionFeedbackGiven(score=1)]):
        events = recorded(*before, GONE)
        left = [
            msgspec.structs.replace(each, event=Erased(name=NAMES[type(each.event)], stream_name="decision\nd-1"))
            for each in events[:-1]
        ]
        decision = decisions.fold(None, events)
        assert decision is not None
        assert decisions.fold(None, [*left, events[-1]]) == decision
        assert (decision.id, decision.erased, decision.encrypted, decision.version) == ("d-1", True, True, len(events))
        assert (decision.session_id, decision.user_id, decision.decision, decision.features) == ("", None, None, ())
        assert (decision.outcome, decision.feedback) == ("unknown", None)


def test_nothing_can_be_done_with_it_any_more() -> None:
    decision = decisions.fold(None, recorded(MADE, GONE))
    with pytest.raises(DecisionErasedError):
        existing(decision)
    with pytest.raises(DecisionErasedError):
        decisions.give_feedback(decision, GiveFeedback(score=1))
    with pytest.raises(AlreadyExistsError, match="was erased"):
        decisions.make(decision, MakeDecision(decision_id="d-1", session_id="s-1", decision=1))


def test_what_could_be_read_after_its_beginning_is_gone_changes_nothing() -> None:
    first, last = recorded(MADE, DecisionOutcomeRecorded(outcome="success"))
    gone: Event = Erased(name="decision-made", stream_name="decision\nd-1")
    decision = decisions.fold(None, [msgspec.structs.replace(first, event=gone), last])
    assert decision is not None
    assert (decision.erased, decision.outcome, decision.version) == (True, "unknown", 2)


def test_a_decision_is_encrypted_for_its_session_and_user_from_its_beginning_or_not_at_all() -> None:
    command = MakeDecision(decision_id="d-1", session_id="s-1", user_id="u-1", decision=1, encrypt=True)
    (event,) = decisions.make(None, command)
    assert decisions.sealed_for(None, [event]) == Subject("s-1", "u-1")
    decision = decisions.fold(None, recorded(event))
    assert decisions.sealed_for(decision, [DecisionFeedbackGiven(score=1)]) == Subject("s-1", "u-1")
    assert decisions.sealed_for(decision, [GONE]) is None
    (clear,) = decisions.make(None, msgspec.structs.replace(command, encrypt=False))
    assert decisions.sealed_for(None, [clear]) is None
    assert decisions.sealed_for(decisions.fold(None, recorded(clear)), [DecisionFeedbackGiven(score=1)]) is None
