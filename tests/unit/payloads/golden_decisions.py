"""The golden events of decisions and preferences; see golden.py."""

from domain.decisions.events import (
    DecisionErased,
    DecisionFeedbackGiven,
    DecisionMade,
    DecisionOutcomeRecorded,
    DecisionOverridden,
)
from domain.preferences.events import PreferenceCleared, PreferenceObserved, PreferencesErased, PreferenceSet
from domain.recorded import Event

_VALUE = {
    "text": "Zoë → 東京 🚆",
    "least": -(2**63),
    "most": 2**64 - 1,
    "float": 0.1,
    "nothing": None,
    "list": [True, []],
}

DECISIONS: dict[str, tuple[Event, Event]] = {
    "decision-made": (
        DecisionMade(
            decision_id="dec-1",
            session_id="s-1",
            task_id="t-1",
            agent_id="a-1",
            user_id="u-1",
            type="ci",
            context_hash="44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            features=("flaky", "nightly"),
            decision=_VALUE,
            alternatives=["skip", None],
            confidence=0.75,
            autonomous=True,
            reasoning="it failed once",
            metadata={"m": [1]},
            encrypted=True,
        ),
        DecisionMade(
            decision_id="dec-2",
            session_id="s-1",
            task_id=None,
            agent_id=None,
            user_id=None,
            type="generic",
            context_hash=None,
            features=(),
            decision=None,
            alternatives=[],
            confidence=None,
            autonomous=False,
            reasoning=None,
            metadata={},
            encrypted=False,
        ),
    ),
    "decision-outcome-recorded": (
        DecisionOutcomeRecorded(outcome="partial", details=_VALUE, reason="half of it"),
        DecisionOutcomeRecorded(outcome="success", details=None, reason=None),
    ),
    "decision-overridden": (
        DecisionOverridden(by="ada", instead=_VALUE, reason="too slow"),
        DecisionOverridden(by="ada", instead=None, reason=None),
    ),
    "decision-feedback-given": (
        DecisionFeedbackGiven(score=-0.5, by="ada", comment="no"),
        DecisionFeedbackGiven(score=1.0, by=None, comment=None),
    ),
    "decision-erased": (
        DecisionErased(decision_id="dec-1", reason="the user left", subject="user", keys=("0011223344556677",)),
        DecisionErased(decision_id="dec-2", reason=None, subject="session", keys=()),
    ),
    "preference-observed": (
        PreferenceObserved(user_id="u-1", type="travel", key="seat", value=_VALUE, encrypted=True),
        PreferenceObserved(user_id="u-1", type="travel", key="seat", value=None, encrypted=False),
    ),
    "preference-set": (
        PreferenceSet(user_id="u-1", type="travel", key="seat", value=_VALUE, reason="said so", encrypted=True),
        PreferenceSet(user_id="u-1", type="travel", key="seat", value="window", reason=None, encrypted=False),
    ),
    "preference-cleared": (
        PreferenceCleared(user_id="u-1", type="t", key="k", observations=True, reason="asked for", encrypted=True),
        PreferenceCleared(user_id="u-1", type="t", key="k", observations=False, reason=None, encrypted=False),
    ),
    "preferences-erased": (
        PreferencesErased(user_id="u-1", reason="the user left", subject="user", keys=("0011223344556677",)),
        PreferencesErased(user_id="u-2", reason=None, subject="user", keys=()),
    ),
}
