"""A decision through any sequence of commands, beside a plain dictionary that says what it must be."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.decisions import decision as decisions
from domain.decisions.commands import GiveFeedback, MakeDecision, Override, RecordOutcome
from domain.decisions.decision import OUTCOMES, Decision
from domain.decisions.events import DecisionErased
from domain.errors import ContextlineError
from domain.recorded import Event, Recorded
from tests.unit.domain.stories import recorded
from tests.unit.domain.strategies import documents, texts

scores = st.floats(-2, 2) | st.just(float("nan"))
versions = st.none() | st.integers(0, 6)


class DecisionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[Recorded[Event]] = []
        self.state: Decision | None = None
        self.model: dict[str, Any] = {}
        self.made = self.erased = False

    def decided(self, decide: Any, allowed: bool) -> bool:
        """Carried out if it is allowed, else refused; what is refused changes nothing."""
        try:
            events = decide(self.state)
        except ContextlineError:
            assert not allowed
            return False
        assert allowed
        self.happened(*events)
        return True

    def happened(self, *events: Event) -> None:
        new = recorded(*events, seconds=len(self.events), after=len(self.events))
        self.events += new
        self.state = decisions.fold(self.state, new)

    def expected(self, version: int | None) -> bool:
        return self.made and not self.erased and version in (None, len(self.events))

    @initialize(
        decision=documents,
        features=st.lists(st.sampled_from("abcdef"), max_size=8),
        confidence=st.none() | st.floats(-0.5, 1.5),
    )
    def make(self, decision: Any, features: list[str], confidence: float | None) -> None:
        command = MakeDecision(
            decision_id="d", session_id="s", decision=decision, features=tuple(features), confidence=confidence
        )
        if self.decided(lambda state: decisions.make(state, command), confidence is None or 0 <= confidence <= 1):
            self.made = True
            self.model = {"decision": decision, "features": sorted(set(features)), "outcome": ("unknown", None)}
            self.model |= {"override": None, "score": None}

    @precondition(lambda self: self.made)
    @rule()
    def make_again(self) -> None:
        self.decided(
            lambda state: decisions.make(state, MakeDecision(decision_id="d", session_id="s", decision=1)), False
        )

    @rule(outcome=st.sampled_from([*OUTCOMES, "good"]), details=documents, version=versions)
    def outcome(self, outcome: str, details: Any, version: int | None) -> None:
        command = RecordOutcome(outcome=outcome, details=details, expected_version=version)
        allowed = self.expected(version) and outcome in OUTCOMES
        if self.decided(lambda state: decisions.record_outcome(state, command), allowed):
            self.model["outcome"] = (outcome, details)

    @rule(by=texts, instead=documents, version=versions)
    def override(self, by: str, instead: Any, version: int | None) -> None:
        command = Override(by=by, instead=instead, expected_version=version)
        if self.decided(lambda state: decisions.override(state, command), self.expected(version)):
            self.model["override"] = (by, instead)

    @rule(score=scores, version=versions)
    def feedback(self, score: float, version: int | None) -> None:
        command = GiveFeedback(score=score, expected_version=version)
        allowed = self.expected(version) and -1 <= score <= 1
        if self.decided(lambda state: decisions.give_feedback(state, command), allowed):
            self.model["score"] = score

    @precondition(lambda self: self.made)
    @rule(when=st.integers(0, 3))
    def erase(self, when: int) -> None:
        if when == 0:
            self.happened(DecisionErased(decision_id="d", keys=("00",)))
            self.erased = True
            self.model = {
                "decision": None,
                "features": [],
                "outcome": ("unknown", None),
                "override": None,
                "score": None,
            }

    @invariant()
    def it_is_what_the_model_says(self) -> None:
        if self.state is None:
            assert not self.made
            return
        state = self.state
        assert state.version == len(self.events)
        assert state.erased == self.erased
        assert {
            "decision": state.decision,
            "features": sorted(state.features),
            "outcome": (state.outcome, state.outcome_details),
            "override": state.override and (state.override.by, state.override.instead),
            "score": state.feedback and state.feedback.score,
        } == self.model

    @invariant()
    def replaying_gives_the_same(self) -> None:
        assert decisions.fold(None, self.events) == self.state


TestDecisionMachine = DecisionMachine.TestCase
TestDecisionMachine.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
