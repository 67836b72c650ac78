"""What comes of merging: by each strategy, in which order, what is recorded, and the laws that hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contexts.context import Context
from domain.contexts.events import (
    AttributeChanges,
    Attributes,
    AutomaticCheckpoint,
    ConflictsOpened,
    ContextForked,
    ContextMerged,
    Point,
)
from domain.contexts.merging import combine
from domain.contexts.sealing import sealed_for
from domain.erasure import Subject
from domain.errors import InvalidInputError, MergeConflictError, TooManyConflictsError, VersionConflictError
from domain.values import identical
from tests.unit.domain.stories import ContextStory, another
from tests.unit.domain.strategies import documents, objects

STRATEGIES = ["last_write_wins", "first_write_wins", "deep_merge"]
A = another("a", {"x": 1, "o": {"p": 1}}, 3, attributes=Attributes(session_id="s-a", tags=("a",)))
B = another("b", {"y": 2, "o": {"q": 2}}, 4, attributes=Attributes(session_id="s-b"))


def point(context: Context) -> Point:
    return Point(stream_id=context.id, namespace="", key=context.key, version=context.version)


def live(data: Any, **command: Any) -> ContextStory:
    story = ContextStory()
    story.store(data, **command)
    return story


def test_a_new_target_is_a_branch_of_the_first_into_which_the_others_are_merged() -> None:
    story = ContextStory()
    forked, merged = story.merge([A, B], reason="r").events
    assert isinstance(forked, ContextForked)
    assert isinstance(merged, ContextMerged)
    assert (forked.parent, forked.data, forked.attributes, forked.reason) == (point(A), A.data, A.attributes, "r")
    assert (merged.sources, merged.strategy, merged.automatic) == ((point(A), point(B)), "deep_merge", ())
    assert story.data == {"x": 1, "o": {"p": 1, "q": 2}, "y": 2}
    assert [link.parents for link in story.current.lineage] == [(point(A),), (point(A), point(B))]


def test_a_live_target_comes_first_and_keeps_what_it_is() -> None:
    story = live({"x": 9, "z": 9}, attributes=Attributes(session_id="s", ttl=60))
    (event,) = story.merge([A], "last_write_wins", attributes=AttributeChanges(type="merged")).events
    assert isinstance(event, ContextMerged)
    assert event.automatic == (AutomaticCheckpoint(name="auto_1_before-merge", version=1, kept=10),)
    assert [source.key for source in event.sources] == ["plan", "a"]
    assert story.data == {"x": 1, "z": 9, "o": {"p": 1}}
    assert (story.current.attributes.session_id, story.current.attributes.type) == ("s", "merged")
    assert story.marked == {"auto_1_before-merge": 1}


def test_a_target_among_the_sources_has_their_order() -> None:
    story = live({"x": 9, "z": 9})
    story.merge([A, story.current, B], "last_write_wins")
    assert story.data == {"x": 9, "z": 9, "y": 2, "o": {"q": 2}}


def test_merging_with_oneself_and_naming_one_twice_is_refused() -> None:
    story = live(1)
    story.update(2)
    for sources, place in (
        ([story.current], "/sources"),
        ([A, story.at_version(1)], "/sources/1"),
        ([A, B, A], "/sources/2"),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            story.merge(sources)
        assert [fault.pointer for fault in refusal.value.faults] == [place]


def test_the_target_can_be_expected_at_a_version() -> None:
    with pytest.raises(VersionConflictError):
        live(1).merge([A], expected_version=2)
    with pytest.raises(VersionConflictError):
        ContextStory().merge([A], expected_version=1)
    ContextStory().merge([A], expected_version=0)


def test_if_one_is_encrypted_the_result_is_and_the_target_comes_to_be() -> None:
    secret = another("b", {"s": 1}, encrypted=True)
    story = live({"x": 1}, attributes=Attributes(session_id="s", user_id="u"))
    before = story.context
    events = story.merge([secret]).events
    assert story.current.encrypted
    assert sealed_for(before, events) == Subject("s", "u")
    assert sealed_for(story.context, story.merge([A]).events) == Subject("s", "u")
    with pytest.raises(InvalidInputError, match="/options/encrypt"):
        ContextStory().merge([A, secret], encrypt=False)
    new = ContextStory()
    assert sealed_for(None, new.merge([A, secret]).events) == Subject("s-a", None)


def test_a_base_that_is_encrypted_counts_too() -> None:
    base = another("base", {"x": 0, "y": 0}, encrypted=True)
    story = ContextStory()
    story.merge([another("a", {"x": 1, "y": 0}), another("b", {"x": 0, "y": 1})], "three_way", [base])
    assert (story.current.encrypted, story.data) == (True, {"x": 1, "y": 1})


BASE = another("base", {"x": 0, "y": 0, "z": 0})
OURS = another("ours", {"x": 1, "y": 1, "z": 0})
THEIRS = another("theirs", {"x": 2, "z": 2})


def test_what_a_three_way_merge_can_not_decide_is_refused_with_all_three_values() -> None:
    story = ContextStory()
    with pytest.raises(MergeConflictError) as refusal:
        story.merge([OURS, THEIRS], "three_way", [BASE])
    assert refusal.value.details()["conflictCount"] == 2
    assert [
        {name: value for name, value in found.items() if name != "source"} for found in refusal.value.conflicts
    ] == [
        {"pointer": "/x", "base": 0, "ours": 1, "theirs": 2},
        {"pointer": "/y", "base": 0, "ours": 1},
    ]
    assert story.events == []


@pytest.mark.parametrize(("decision", "result"), [("last", {"x": 2, "z": 2}), ("first", {"x": 1, "y": 1, "z": 2})])
def test_conflicts_can_be_decided_by_the_order_and_the_event_tells_how(decision: str, result: Any) -> None:
    story = ContextStory()
    merged = story.merge([OURS, THEIRS], "three_way", [BASE], on_conflict=decision)
    event = merged.events[-1]
    assert isinstance(event, ContextMerged)
    assert story.data == result
    assert (event.bases, event.on_conflict) == ((point(BASE),), decision)
    assert [(each.pointer, each.strategy) for each in event.resolutions] == [("/x", decision), ("/y", decision)]


def test_conflicts_can_be_kept_and_are_open_then() -> None:
    story = ContextStory()
    third = another("third", {"x": 3, "y": 0, "z": 0})
    merged = story.merge([OURS, THEIRS, third], "three_way", [BASE, BASE], on_conflict="keep")
    assert story.data == {"x": 1, "y": 1, "z": 2}
    opened = [event for event in merged.events if isinstance(event, ConflictsOpened)]
    assert [[conflict.pointer for conflict in event.conflicts] for event in opened] == [["/x", "/y"], ["/x"]]
    assert sorted(conflict.pointer for conflict in story.current.conflicts.values()) == ["/x", "/x", "/y"]
    story.resolve(min(story.current.conflicts), "theirs")
    assert len(story.current.conflicts) == 2


def test_more_conflicts_than_a_person_can_see_are_not_opened() -> None:
    names = [f"n{number}" for number in range(1_001)]
    base, one, two = (dict.fromkeys(names, value) for value in (0, 1, 2))
    story = ContextStory()
    with pytest.raises(TooManyConflictsError):
        story.merge([another("a", one), another("b", two)], "three_way", [another("c", base)], on_conflict="keep")
    assert story.events == []


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(document=objects)
def test_merging_with_nothing_changes_nothing(strategy: str, document: Any) -> None:
    assert identical(combine(strategy, document, {}), document)
    assert identical(combine(strategy, {}, document), document)
    story = live(document)
    story.merge([another("nothing", {})], strategy)
    assert identical(story.data, document)


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(one=documents, other=documents)
def test_merging_twice_is_merging_once(strategy: str, one: Any, other: Any) -> None:
    once = combine(strategy, one, other)
    assert identical(combine(strategy, once, other), once)
    assert identical(combine(strategy, one, one), one)


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(one=objects, two=objects, three=objects)
def test_how_they_are_grouped_does_not_matter(strategy: str, one: Any, two: Any, three: Any) -> None:
    left = combine(strategy, combine(strategy, one, two), three)
    assert identical(left, combine(strategy, one, combine(strategy, two, three)))


@given(one=objects, other=objects)
def test_the_last_wins_as_the_first_wins_in_the_other_order(one: Any, other: Any) -> None:
    assert identical(combine("last_write_wins", one, other), combine("first_write_wins", other, one))


@given(base=documents, ours=documents)
def test_three_way_with_a_side_that_changed_nothing_takes_the_other(base: Any, ours: Any) -> None:
    for sources in ([another("a", ours), another("b", base)], [another("a", base), another("b", ours)]):
        story = ContextStory()
        story.merge(sources, "three_way", [another("base", base)])
        assert identical(story.data, ours)


@given(st.data())
def test_three_way_keeps_disjoint_edits_of_both_in_either_order(data: Any) -> None:
    base = data.draw(
        st.dictionaries(st.sampled_from("abcdef"), st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3)))
    )
    names = sorted({(outer, inner) for outer in "abcdef" for inner in "xyz"})
    mine = data.draw(st.sets(st.sampled_from(names), max_size=6))
    others = data.draw(st.sets(st.sampled_from(names), max_size=6)) - mine

    def edited(edits: set[tuple[str, str]]) -> dict[str, Any]:
        document = {name: dict(value) for name, value in base.items()}
        for outer, inner in sorted(edits):
            if document.get(outer, {}).get(inner) is not None and (ord(outer) + ord(inner)) % 2:
                del document[outer][inner]
            else:
                document.setdefault(outer, {})[inner] = 100 + ord(inner)
        return document

    expected = edited(mine | others)
    for first, second in ((mine, others), (others, mine)):
        story = ContextStory()
        merged = story.merge(
            [another("a", edited(first)), another("b", edited(second))], "three_way", [another("base", base)]
        )
        assert merged.conflicts == []
        assert story.data == expected
