"""What counts as a conflict, and what each strategy and each rule makes of it."""

import time
from typing import Any

import pytest
from msgspec import UNSET

from domain.contexts import comparing
from domain.contexts.comparing import Outcome, bring_together
from domain.contexts.patches import apply_patch
from domain.contexts.strategies import MAX_PATTERNS, STRATEGIES, Policy, Rule, settling
from domain.errors import InvalidInputError, TooManyConflictsError
from domain.values import identical
from tests.unit.domain.strategies import nested


def together(base: Any, ours: Any, theirs: Any, **policy: Any) -> Outcome:
    found = bring_together(base, ours, theirs, settling(Policy(**policy)))
    assert identical(apply_patch(ours, found.patch), found.document)
    return found


# base, ours, theirs, and both together: none of these is a conflict, by any strategy.
AGREED: list[tuple[Any, Any, Any, Any]] = [
    ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}),
    ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}),
    ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}),
    ({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2}),
    ({"a": 1}, {}, {}, {}),
    ({"a": 1}, {"a": 1, "b": 1}, {}, {"b": 1}),
    ({}, {"a": {"x": 1}}, {"a": {"y": 1}}, {"a": {"x": 1, "y": 1}}),
    (UNSET, {"a": {"x": 1}}, {"a": {"y": 1}, "b": None}, {"a": {"x": 1, "y": 1}, "b": None}),
    ({"a": [1]}, {"a": {"x": 1}}, {"a": {"y": 1}}, {"a": {"x": 1, "y": 1}}),
    ({"a": {"x": 1}}, {"a": {"x": 1, "y": 1}}, {"a": {}}, {"a": {"y": 1}}),
    # Arrays are wholes, but for what both sides added to their end.
    ([1], [1], [2], [2]),
    ([1], [1, 2], [1, 3], [1, 2, 3]),
    ([1], [1, 2, 3], [1, 2, 4], [1, 2, 3, 4]),
    ([1], [1, 2], [1, 2, 2], [1, 2, 2]),
    ([1], [1, 2, 2], [1, 2], [1, 2, 2]),
    ([], [1], [1.0, True], [1, 1.0, True]),
    ([{"a": 1, "b": 2}], [{"a": 1, "b": 2}, {"x": 1, "y": 2}], [{"b": 2, "a": 1}, {"y": 2, "x": 1}, 3],
     [{"a": 1, "b": 2}, {"x": 1, "y": 2}, 3]),
    ({"log": []}, {"log": ["a"]}, {"log": ["b"], "n": 1}, {"log": ["a", "b"], "n": 1}),
]  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("base", "ours", "theirs", "both"), AGREED)
def test_what_does_not_contradict_is_taken_from_both_sides_by_every_strategy(
    base: Any, ours: Any, theirs: Any, both: Any, strategy: Any
) -> None:
    found = together(base, ours, theirs, strategy=strategy)
    assert identical(found.document, both)
    assert (found.resolutions, found.left_open) == ([], [])


CONFLICTS: list[tuple[Any, Any, Any, list[str]]] = [
    ({"a": 1}, {"a": 2}, {"a": 3}, ["/a"]),
    ({"a": 1}, {"a": 2}, {}, ["/a"]),
    ({"a": 1}, {}, {"a": 3}, ["/a"]),
    ({"a": {"x": 1, "y": 1}}, {"a": {"x": 2, "y": 1}}, {}, ["/a"]),
    ({"a": {"x": 1}}, {"a": {"x": 2}}, {"a": 1}, ["/a"]),
    ({}, {"a": 1}, {"a": 1.0}, ["/a"]),
    ({}, {"a": 0.0}, {"a": -0.0}, ["/a"]),
    ({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, {"a/b": {"~": 3}}, ["/a~1b/~0"]),
    ([1, 2], [1], [1, 2, 3], [""]),
    ([1, 2], [2, 1], [1, 2, 3], [""]),
    (UNSET, [1], [1, 2], [""]),
    (1, 2, 3, [""]),
    (UNSET, {"a": 1, "b": 1}, {"a": 2, "b": 1, "c": 1}, ["/a"]),
]


@pytest.mark.parametrize(("base", "ours", "theirs", "places"), CONFLICTS)
def test_what_both_changed_differently_is_a_conflict_at_its_deepest_place(
    base: Any, ours: Any, theirs: Any, places: list[str]
) -> None:
    found = together(base, ours, theirs, strategy="user_decides")
    assert [conflict.pointer for conflict in found.left_open] == places
    assert found.resolutions == []


@pytest.mark.parametrize(("base", "ours", "theirs", "places"), CONFLICTS)
def test_by_last_write_wins_what_was_submitted_is_taken(base: Any, ours: Any, theirs: Any, places: list[str]) -> None:
    found = together(base, ours, theirs, strategy="last_write_wins")
    assert [resolution.pointer for resolution in found.resolutions] == places
    assert {(resolution.strategy, resolution.take) for resolution in found.resolutions} == {
        ("last_write_wins", "theirs")
    }
    assert found.left_open == []


def settled(ours: Any, theirs: Any, base: Any = UNSET, **policy: Any) -> tuple[str, Any]:
    """The strategy that settled a conflict about one member, and what is there then."""
    (resolution,) = together({} if base is UNSET else {"m": base}, {"m": ours}, {"m": theirs}, **policy).resolutions
    return resolution.strategy, resolution.result


@pytest.mark.parametrize(
    ("ours", "theirs", "union"),
    [
        ([1], [2], [1, 2]),
        ([1, 2], [2, 3, 1, 4], [1, 2, 3, 4]),
        ([1], [1, 1], [1, 1]),
        ([1, 1], [1], [1, 1]),
        ([1, "1"], [1.0, True, None], [1, "1", 1.0, True, None]),
        ([{"a": [1], "b": 2}], [{"b": 2, "a": [1]}, {"a": [1]}], [{"a": [1], "b": 2}, {"a": [1]}]),
        ([], [0.0, -0.0], [0.0, -0.0]),
    ],
)
@pytest.mark.parametrize("policy", [{"strategy": "merge"}, {}])
def test_two_arrays_are_merged_to_their_union_in_order(ours: Any, theirs: Any, union: Any, policy: Any) -> None:
    strategy, result = settled(ours, theirs, ["before"], **policy)
    assert strategy == "merge"
    assert identical(result, union)


def test_what_merge_can_not_merge_goes_to_the_last_write() -> None:
    assert settled(1, 2, strategy="merge") == ("last_write_wins", 2)
    assert settled([1], "text", strategy="merge") == ("last_write_wins", "text")


RULES: list[tuple[str, Any, Any, Any]] = [
    ("ours", 1, 2, 1),
    ("theirs", 1, 2, 2),
    ("max", 1, 2, 2),
    ("max", 3, 2.5, 3),
    ("max", 2**60, 2.0**60, 2**60),
    ("min", 1, 2, 1),
    ("min", 3, 2.5, 2.5),
    ("union", [1], [2], [1, 2]),
    ("longer", "long text", "short", "long text"),
    ("longer", [1], [2, 3], [2, 3]),
    ("longer", "same", "size", "size"),
]


@pytest.mark.parametrize(("take", "ours", "theirs", "result"), RULES)
def test_a_rule_takes_what_it_says(take: Any, ours: Any, theirs: Any, result: Any) -> None:
    rules = (Rule(pointer="/m", take=take),)
    strategy, found = settled(ours, theirs, strategy="rule_based", rules=rules)
    assert strategy == "rule_based"
    assert identical(found, result)


@pytest.mark.parametrize(
    ("take", "ours", "theirs"),
    [
        ("max", 1, "2"), ("max", True, 2), ("min", None, 1), ("union", [1], "text"), ("longer", "text", [1]),
        ("longer", 1, 2),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_fit_is_passed_over(take: Any, ours: Any, theirs: Any) -> None:
    only = (Rule(pointer="/m", take=take),)
    assert settled(ours, theirs, strategy="rule_based", rules=only) == ("last_write_wins", theirs)
    then = (*only, Rule(pointer="/m", take="ours"))
    assert settled(ours, theirs, strategy="rule_based", rules=then) == ("rule_based", ours)


@pytest.mark.parametrize(
    ("pointer", "places"),
    [
        ("", {"/a/x", "/a/y/z", "/b/x", "/*"}),
        ("/a", {"/a/x", "/a/y/z"}),
        ("/a/x", {"/a/x"}),
        ("/*/x", {"/a/x", "/b/x"}),
        ("/a/*", {"/a/x", "/a/y/z"}),
        ("/*/*/*", {"/a/y/z"}),
        ("/*", {"/a/x", "/a/y/z", "/b/x", "/*"}),
        ("/a/x/more", set()),
        ("/c", set()),
    ],
)
def test_a_pattern_is_for_its_place_and_all_below_it(pointer: str, places: set[str]) -> None:
    def document(value: int) -> Any:
        return {"a": {"x": value, "y": {"z": value}}, "b": {"x": value}, "*": value}

    found = together(document(1), document(2), document(3), rules=(Rule(pointer=pointer, take="ours"),))
    by_rule = {resolution.pointer for resolution in found.resolutions if resolution.strategy == "rule_based"}
    assert by_rule == places


def test_auto_tries_critical_then_merging_then_rules_then_the_last_write() -> None:
    rules = (Rule(pointer="", take="ours"),)

    def document(value: int) -> Any:
        return {"critical": [value], "list": [value], "ruled": value}

    found = together(document(1), document(2), document(3), critical=("/critical",), rules=rules)
    assert [conflict.pointer for conflict in found.left_open] == ["/critical"]
    assert [(one.pointer, one.strategy) for one in found.resolutions] == [("/list", "merge"), ("/ruled", "rule_based")]
    (last,) = together({"n": 1}, {"n": 2}, {"n": 3}, rules=(Rule(pointer="/m", take="ours"),)).resolutions
    assert last.strategy == "last_write_wins"


@pytest.mark.parametrize("critical", ["", "/a", "/a/limit", "/*/limit", "/a/limit/deeper"])
def test_who_removes_or_replaces_what_is_around_a_critical_place_asks_a_person_too(critical: str) -> None:
    base = {"a": {"limit": 1, "n": 1}}
    for theirs in ({}, {"a": 1}):
        found = together(base, {"a": {"limit": 2, "n": 1}}, theirs, critical=(critical,))
        assert [conflict.pointer for conflict in found.left_open] == ["/a"]
    assert together(base, {"a": {"limit": 1, "n": 2}}, {"a": {"limit": 1, "n": 3}}, critical=("/b",)).left_open == []


@pytest.mark.parametrize(
    ("policy", "pointer"),
    [
        (Policy(rules=(Rule(pointer="a", take="ours"),)), "/options/rules/0/pointer"),
        (Policy(critical=("/a", "/~")), "/options/critical/1"),
        (Policy(critical=("",) * (MAX_PATTERNS + 1)), "/options"),
        (Policy(strategy="merge", rules=(Rule(pointer="", take="ours"),)), "/options/rules"),
        (Policy(strategy="rule_based", critical=("",)), "/options/critical"),
        (Policy(strategy="user_decides", critical=("",)), "/options/critical"),
    ],
)
def test_a_policy_that_can_not_be_one_is_refused_with_its_place(policy: Policy, pointer: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        settling(policy)
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


def test_additions_to_an_array_are_told_as_such_unless_they_are_most_of_it() -> None:
    found = together([1], [1], [1, 2])
    assert found.patch == [{"op": "add", "path": "/-", "value": 2}]
    many = list(range(100))
    assert together(many, many, [*many, 0]).patch == [{"op": "add", "path": "/-", "value": 0}]
    assert together([], [], many).patch == [{"op": "replace", "path": "", "value": many}]


def test_a_patch_that_would_be_longer_than_it_is_worth_replaces_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "MAX_PATCH_TEXT", 20)
    base = dict.fromkeys(map(str, range(20)), 0)
    few = together(base, base, base | {"1": 1, "2": 2})
    assert [operation["path"] for operation in few.patch] == ["/1", "/2"]
    theirs = dict.fromkeys(base, 1)
    assert together(base, base | {"ours": 1}, theirs).patch == [
        {"op": "replace", "path": "", "value": theirs | {"ours": 1}}
    ]


def test_more_conflicts_than_are_settled_at_once_are_refused() -> None:
    names = list(map(str, range(comparing.MAX_CONFLICTS)))
    documents = [dict.fromkeys(names, value) for value in range(3)]
    assert len(together(*documents).resolutions) == comparing.MAX_CONFLICTS
    with pytest.raises(TooManyConflictsError):
        together(*(document | {"more": index} for index, document in enumerate(documents)))
    long = "x" * (comparing.MAX_CONFLICT_TEXT // 2)
    with pytest.raises(TooManyConflictsError):
        together(*({long: {"a": value, "b": value}} for value in range(3)))


def test_documents_may_be_as_deep_as_documents_may_be() -> None:
    base = nested(128)
    assert identical(together(base, base, [1]).document, [1])
    deep: list[Any] = []
    for value in range(3):
        document: Any = {"n": value}
        for _ in range(127):
            document = {"in": document}
        deep.append(document)
    (resolution,) = together(*deep).resolutions
    assert resolution.pointer == "/in" * 127 + "/n"


def levels(depth: int, leaves: int, value: int) -> Any:
    """A document with so many leaves below so many objects."""
    document: Any = {f"leaf{number}": value if number == 0 else 0 for number in range(leaves)}
    for _ in range(depth):
        document = {"in": document}
    return document


def arrays(depth: int, leaves: int, value: int) -> Any:
    document: Any = [0] * leaves + [value]
    for _ in range(depth):
        document = [document]
    return document


@pytest.mark.parametrize("make", [levels, arrays])
def test_the_work_grows_with_the_documents_and_not_with_how_deep_they_are_nested(make: Any) -> None:
    def seconds(depth: int) -> float:
        documents = [make(depth, 100_000, value) for value in range(3)]
        times = []
        for _ in range(3):
            started = time.perf_counter()
            together(*documents)
            times.append(time.perf_counter() - started)
        return min(times)

    # Looking at everything below on each of 120 levels would take more than fifty times as long.
    assert seconds(120) < 10 * seconds(2) + 0.1


def test_what_lies_deep_under_long_names_makes_no_pointers_that_are_longer_than_the_documents() -> None:
    def document(value: int) -> Any:
        inner: Any = dict.fromkeys(map(str, range(50_000)), value)
        for level in range(100):
            inner = {"n" * 50_000 + str(level): inner}
        return inner

    started = time.perf_counter()
    assert len(together(document(0), document(0), document(1)).patch) == 1
    with pytest.raises(TooManyConflictsError):
        together(document(0), document(1), document(2))
    # The pointers alone would be 250 GB of text.
    assert time.perf_counter() - started < 10
