"""The update rule of preferences: what it promises, for any observations."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.preferences.learning import MAX_CANDIDATES, NOTHING, Learned, observe
from tests.unit.domain.stories import START

few = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30)
"""Observations of no more values than are counted."""

many = st.lists(st.integers(0, 20), min_size=1, max_size=60)
"""Observations of more."""


def learned_from(values: Sequence[Any]) -> Learned:
    learned = NOTHING
    for number, value in enumerate(values):
        learned = observe(learned, value, START + timedelta(seconds=number))
    return learned


def value(learned: Learned) -> Any:
    return learned.candidates[0].value


def test_the_first_observation_gives_a_half() -> None:
    learned = learned_from(["a"])
    assert (value(learned), learned.confidence, learned.observations) == ("a", 0.5, 1)
    assert NOTHING.confidence == 0


@pytest.mark.parametrize(
    ("values", "holds", "confidence"),
    [
        ("aa", "a", 2 / 3),
        ("aaa", "a", 3 / 4),
        ("ab", "a", 1 / 3),
        ("aba", "a", 2 / 4),
        ("abb", "b", 2 / 4),
        ("aabb", "a", 2 / 5),
        ("aabbb", "b", 3 / 6),
        ("abcabcabc", "a", 3 / 10),
    ],
)
def test_some_observations_by_hand(values: str, holds: str, confidence: float) -> None:
    learned = learned_from(values)
    assert (value(learned), learned.confidence) == (holds, confidence)


@given(many)
def test_confidence_lies_strictly_between_0_and_1(values: list[int]) -> None:
    assert 0 < learned_from(values).confidence < 1


@given(few)
def test_it_is_the_rule_of_succession_after_the_observation_that_proposed_the_value(values: list[str]) -> None:
    learned = learned_from(values)
    agreeing = values.count(value(learned)) - 1
    contrary = len(values) - 1 - agreeing
    # (a + 1) / (a + c + 2): the mean of Beta(a + 1, c + 1).
    assert learned.confidence == float(Fraction(agreeing + 1, agreeing + contrary + 2))


@given(many)
def test_each_agreeing_observation_raises_it(values: list[int]) -> None:
    learned = learned_from(values)
    after = observe(learned, value(learned), START + timedelta(hours=1))
    assert value(after) == value(learned)
    assert after.confidence > learned.confidence


@given(many, st.integers(0, 20))
def test_each_contrary_observation_lowers_it_until_another_value_is_better_supported(
    values: list[int], other: int
) -> None:
    learned = learned_from(values)
    assume(other != value(learned))
    after = observe(learned, other, START + timedelta(hours=1))
    if value(after) == value(learned):
        assert after.confidence < learned.confidence
    else:
        assert value(after) == other
        before = next(one for one in after.candidates if one.value == value(learned))
        assert after.candidates[0].observations == before.observations + 1
        # What is believed of the value that held has fallen.
        assert before.observations / (after.observations + 1) < learned.confidence


@given(few, st.randoms())
def test_the_order_of_observations_changes_neither_confidence_nor_counts_nor_a_value_that_leads_alone(
    values: list[str], chance: Any
) -> None:
    shuffled = list(values)
    chance.shuffle(shuffled)
    one, other = learned_from(values), learned_from(shuffled)
    assert one.confidence == other.confidence
    assert {each.value: each.observations for each in one.candidates} == {
        each.value: each.observations for each in other.candidates
    }
    (best, count), *others = Counter(values).most_common()
    if not others or others[0][1] < count:
        assert value(one) == value(other) == best


@given(many)
def test_the_value_that_holds_was_observed_at_least_as_often_as_any_that_is_counted(values: list[int]) -> None:
    learned = learned_from(values)
    counts = [one.observations for one in learned.candidates]
    assert counts[0] == max(counts)
    assert learned.observations == len(values)
    assert sum(counts) <= len(values)
    assert len(counts) == len({one.value for one in learned.candidates}) <= MAX_CANDIDATES


def test_a_value_that_only_draws_level_does_not_take_the_place() -> None:
    assert [value(learned_from("abab"[:count])) for count in (1, 2, 3, 4)] == ["a", "a", "a", "a"]
    assert value(learned_from("ababb")) == "b"


def test_a_ninth_value_takes_the_place_of_the_least_observed_and_longest_unseen_one() -> None:
    learned = learned_from("aabbcdefghi")
    assert [one.value for one in learned.candidates] == list("abdefghi")
    assert learned.observations == 11
    again = observe(learned, "c", START + timedelta(hours=1))
    assert [one.value for one in again.candidates] == list("abefghic")
    assert again.candidates[-1].observations == 1
    assert again.confidence == 2 / 13


@given(st.lists(st.integers(100, 10_000), max_size=40))
def test_the_value_that_holds_is_never_crowded_out_by_values_seen_once(noise: list[int]) -> None:
    learned = learned_from(["a", "a", *dict.fromkeys(noise)])
    assert value(learned) == "a"


def test_numbers_are_the_same_by_value_and_true_is_no_number() -> None:
    learned = learned_from([1, 1.0, True, "1"])
    assert [(one.value, one.observations) for one in learned.candidates] == [(1, 2), (True, 1), ("1", 1)]
    assert type(value(learned)) is int
