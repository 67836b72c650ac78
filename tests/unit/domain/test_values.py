"""What counts as JSON that can be kept, and when two values are the same."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInputError
from domain.values import MAX_INTEGER, MIN_INTEGER, check_json, equal, identical
from tests.unit.domain.strategies import documents, nested


@given(documents)
def test_what_is_accepted_is_accepted(document: Any) -> None:
    check_json(document)


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (MAX_INTEGER + 1, ""),
        ({"a": [0, MIN_INTEGER - 1]}, "/a/1"),
        ([float("inf")], "/0"),
        ([float("nan")], "/0"),
        ({"a/b": {"~": "\0"}}, "/a~1b/~0"),
        ({"\0": 1}, ""),
        (["\ud800"], "/0"),
        ({"é\udfff": 1}, ""),
        ({1: 2}, ""),
        ({"a": (1,)}, "/a"),
        ([b"x"], "/0"),
    ],
)
def test_what_can_not_be_kept_is_refused_with_its_place(value: Any, pointer: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        check_json(value)
    assert refusal.value.faults[0].pointer == pointer


@pytest.mark.parametrize("outermost", ["[", "{"])
def test_128_levels_are_accepted_and_129_are_not(outermost: str) -> None:
    check_json(nested(128, outermost))
    with pytest.raises(InvalidInputError, match="nested deeper than 128 levels"):
        check_json(nested(129, outermost))
    check_json(nested(129, outermost), level=0)


def test_a_very_deep_value_is_refused_without_recursion() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(InvalidInputError):
        check_json(value)


DISTINCT = [None, True, False, 0, 1, 0.0, -0.0, 1.0, "", "1", [], [0], [False], {}, {"a": 1}, {"a": 1.0}, {"a": True}]


def test_values_that_are_written_differently_are_not_identical() -> None:
    for (place, one), (other_place, other) in itertools.product(enumerate(DISTINCT), repeat=2):
        assert identical(one, other) == (place == other_place), (one, other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(1, 1.0, True), (0.0, -0.0, True), (1, True, False), (0, False, False), (None, False, False), ("1", 1, False),
     ([1], [1.0], True), ([1], [True], False), ({"a": 1}, {"a": 1.0}, True), ({"a": 1}, {"b": 1}, False),
     ([1], [1, 1], False), (2**63, float(2**63), True), (2**63 - 1, float(2**63), False)],
)  # fmt: skip
def test_json_patch_compares_numbers_by_value_and_true_is_no_number(one: Any, other: Any, same: bool) -> None:
    assert equal(one, other) == equal(other, one) == same


@given(st.tuples(documents, documents))
def test_what_is_identical_is_equal(pair: tuple[Any, Any]) -> None:
    one, other = pair
    assert identical(one, one)
    assert not identical(one, other) or equal(one, other)
