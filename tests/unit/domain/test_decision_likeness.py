"""How alike two situations are; which features must be looked for; what a summary says."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decisions import decision as decisions
from domain.decisions.decision import Decision
from domain.decisions.events import (
    DecisionFeedbackGiven,
    DecisionMade,
    DecisionOutcomeRecorded,
    DecisionOverridden,
)
from domain.decisions.likeness import Found, jaccard, summarise, telling
from domain.recorded import Event
from tests.unit.domain.stories import recorded

sets = st.sets(st.integers(0, 12).map(str))


@pytest.mark.parametrize(
    ("one", "other", "index"),
    [("ab", "ab", 1), ("ab", "cd", 0), ("abc", "bcd", 0.5), ("a", "abcd", 0.25), ("", "", 0), ("", "a", 0)],
)
def test_the_index_is_what_both_have_of_what_either_has(one: str, other: str, index: float) -> None:
    assert jaccard(one, other) == index


@given(sets, sets)
def test_it_is_symmetric_from_0_to_1_and_1_for_equal_sets_alone(one: set[str], other: set[str]) -> None:
    index = jaccard(one, other)
    assert index == jaccard(other, one)
    assert 0 <= index <= 1
    assert (index == 1) == (one == other and bool(one))
    assert (index == 0) == one.isdisjoint(other)


@given(
    st.lists(st.integers(0, 40).map(str), min_size=1, max_size=30, unique=True),
    st.integers(1, 30),
    sets,
    st.just(1.0) | st.floats(0.01, 1),
    st.randoms(),
)
def test_whatever_is_like_enough_has_one_of_so_many_features(
    one: list[str], shared: int, more: set[str], share: float, chance: random.Random
) -> None:
    other = more | set(one[:shared])
    least = jaccard(one, other) * share
    chance.shuffle(one)
    assert not other.isdisjoint(one[: telling(len(one), least)])


@pytest.mark.parametrize(("size", "least", "count"), [(1, 1, 1), (10, 1, 1), (10, 0.3, 8), (10, 0.01, 10), (3, 0.5, 2)])
def test_so_many_are_enough(size: int, least: float, count: int) -> None:
    assert telling(size, least) == count


def found(decision: object, position: int, *events: Event) -> Found:
    made = DecisionMade(decision_id=str(position), session_id="s", decision=decision)
    state: Decision | None = decisions.fold(None, recorded(made, *events, after=position))
    assert state is not None
    return Found(state, 1.0, True)


def test_a_summary_counts_outcomes_and_overrides_and_takes_the_mean_of_feedback_for_each_value() -> None:
    success, good, bad = (
        DecisionOutcomeRecorded(outcome="success"),
        DecisionFeedbackGiven(score=1),
        DecisionFeedbackGiven(score=-0.5),
    )
    summary = summarise(
        [
            found({"a": 1, "b": 2}, 1, success, good),
            found({"b": 2.0, "a": 1}, 2, bad),
            found("other", 3, DecisionOverridden(by="ada", instead=1)),
        ]
    )
    assert summary.all.decisions == 3
    assert summary.all.outcomes == {"success": 1, "failure": 0, "partial": 0, "unknown": 2}
    assert (summary.all.overridden, summary.all.mean_feedback) == (1, 0.25)
    first, second = summary.by_decision
    assert (first.decision, first.tally.decisions, first.tally.mean_feedback) == ({"a": 1, "b": 2}, 2, 0.25)
    assert (second.decision, second.tally.overridden, second.tally.mean_feedback) == ("other", 1, None)


def test_among_equally_frequent_values_the_newest_stands_first() -> None:
    summary = summarise([found("old", 1), found("new", 9), found("middle", 5)])
    assert [group.decision for group in summary.by_decision] == ["new", "middle", "old"]
    assert summarise([]).all.mean_feedback is None
