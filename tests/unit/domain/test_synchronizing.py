"""Synchronizing and resolving: what is decided, recorded and kept in the state; and every refusal."""

from typing import Any

import pytest

from domain.catalogue import NAMES
from domain.contexts import synchronizing
from domain.contexts.conflicts import OpenConflict, conflict_id, opened_by
from domain.contexts.events import (
    Attributes,
    ConflictResolved,
    ConflictsOpened,
    ContextReplaced,
    ContextSynchronized,
)
from domain.contexts.history import entries
from domain.contexts.resolving import ended
from domain.contexts.sealing import sealed_for
from domain.contexts.strategies import Policy
from domain.erasure import Subject
from domain.errors import (
    AlreadyResolvedError,
    ChangeDoesNotApplyError,
    ConflictNotFoundError,
    ContextNotFoundError,
    InvalidInputError,
    TooManyConflictsError,
    VersionConflictError,
)
from domain.values import MAX_DOCUMENT
from tests.unit.domain.stories import ContextStory, at
from tests.unit.domain.strategies import nested

ASK = Policy(strategy="user_decides")


def disputed(**attributes: Any) -> ContextStory:
    """A context at version 3 with an open conflict at /a: 1, then 2 here and 3 there."""
    story = ContextStory()
    story.store({"a": 1, "b": 1}, attributes=Attributes(**{"ttl": 3600, **attributes}))
    story.update({"a": 2}, "merge")
    story.synchronize({"a": 3, "b": 1}, 1, ASK)
    return story


DISPUTE = conflict_id(3, "/a")


def test_what_only_one_side_changed_makes_one_event_with_what_changed_by_it() -> None:
    story = ContextStory()
    story.store({"a": 1, "b": 1, "c": 1})
    story.update({"a": 2}, "merge")
    (event,) = story.synchronize({"a": 1, "b": 2}, 1, action="sync", reason="end of step", metadata={"step": 1})
    assert event == ContextSynchronized(
        base_version=1,
        patch=[{"op": "replace", "path": "/b", "value": 2}, {"op": "remove", "path": "/c"}],
        action="sync",
        reason="end of step",
        metadata={"step": 1},
    )
    assert (story.data, story.current.version) == ({"a": 2, "b": 2}, 3)


@pytest.mark.parametrize(("state", "base"), [({"a": 1}, 1), ({"a": 2, "b": 2}, 1), ({"a": 2, "b": 2}, 0)])
def test_what_holds_nothing_new_makes_no_event(state: Any, base: int) -> None:
    story = ContextStory()
    story.store({"a": 1})
    story.update({"a": 2, "b": 2}, "merge")
    assert story.synchronize(state, base) == []


def test_settled_conflicts_are_recorded_also_where_ours_stays_and_nothing_changes() -> None:
    story = ContextStory()
    story.store({"list": [1]})
    story.update({"list": [2, 3]}, "merge")
    (event,) = story.synchronize({"list": [3]}, 1)
    assert isinstance(event, ContextSynchronized)
    (resolution,) = event.resolutions
    assert (resolution.strategy, resolution.take, resolution.result) == ("merge", "ours", [2, 3])
    assert (event.patch, story.data) == ([], {"list": [2, 3]})


def test_what_is_left_to_a_person_is_opened_beside_what_is_taken_and_ours_stand() -> None:
    story = ContextStory()
    story.store({"a": 1, "b": 1})
    story.update({"a": 2}, "merge")
    done, opened = story.wait(5).synchronize({"a": 3, "b": 2}, 1, ASK)
    assert isinstance(done, ContextSynchronized)
    assert isinstance(opened, ConflictsOpened)
    assert story.data == {"a": 2, "b": 2}
    expected = OpenConflict(
        id=conflict_id(4, "/a"), pointer="/a", base=1, ours=2, theirs=3, version=4, base_version=1, opened_at=at(5)
    )
    assert story.current.conflicts == {expected.id: expected}
    assert story.current.expires_at == at(3605)


def test_a_conflict_has_an_id_that_version_and_place_alone_decide() -> None:
    assert conflict_id(3, "/a") == conflict_id(3, "/a")
    assert len({conflict_id(3, "/a"), conflict_id(4, "/a"), conflict_id(3, "/b")}) == 3
    assert opened_by(conflict_id(3, "/a")) == 3
    for other in ("", "conf", "conf_3", "conf_x_00", "conf_٣_00", "chk_3_00", "conf_99999999999_00", "conf_1_2_3"):
        assert opened_by(other) is None


def test_the_same_conflict_is_opened_once_and_another_value_opens_another() -> None:
    story = disputed()
    assert story.synchronize({"a": 3, "b": 1}, 1, ASK) == []
    (opened,) = story.synchronize({"a": 3.0, "b": 1}, 1, ASK)
    assert isinstance(opened, ConflictsOpened)
    assert [conflict.theirs for conflict in story.current.conflicts.values()] == [3, 3.0]


@pytest.mark.parametrize(
    ("take", "value", "after", "patch"),
    [
        ("ours", {}, 2, []),
        ("theirs", {}, 3, [{"op": "replace", "path": "/a", "value": 3}]),
        ("value", {"value": [4]}, [4], [{"op": "replace", "path": "/a", "value": [4]}]),
    ],
)
def test_resolving_changes_what_it_says_and_records_both_sides(take: Any, value: Any, after: Any, patch: Any) -> None:
    story = disputed()
    event = story.wait(5).resolve(DISPUTE, take, reason="asked around", **value)
    assert isinstance(event, ConflictResolved)
    resolution = event.resolution
    assert (resolution.pointer, resolution.base, resolution.ours, resolution.theirs) == ("/a", 1, 2, 3)
    assert (resolution.strategy, resolution.take, resolution.result) == ("user_decides", take, after)
    assert (event.patch, event.reason) == (patch, "asked around")
    assert (story.data, story.current.conflicts) == ({"a": after, "b": 1}, {})
    assert story.current.expires_at == at(3605)


def test_ours_is_what_stands_there_when_it_is_resolved() -> None:
    story = disputed()
    story.update([{"op": "remove", "path": "/a"}], "jsonPatch")
    event = story.resolve(DISPUTE, "ours")
    assert isinstance(event, ConflictResolved)
    assert (event.patch, story.data) == ([], {"b": 1})


def test_theirs_can_be_that_it_is_not_there() -> None:
    story = ContextStory()
    story.store({"a": 1})
    story.update({"a": 2}, "merge")
    story.synchronize({}, 1, ASK)
    event = story.resolve(DISPUTE, "theirs")
    assert isinstance(event, ConflictResolved)
    assert (event.patch, story.data) == ([{"op": "remove", "path": "/a"}], {})


def test_theirs_comes_back_where_the_place_is_empty_by_now() -> None:
    story = disputed()
    story.update([{"op": "remove", "path": "/a"}], "jsonPatch")
    story.resolve(DISPUTE, "theirs")
    assert story.data == {"a": 3, "b": 1}


def test_a_conflict_outlives_updates_and_rollbacks() -> None:
    story = disputed()
    story.update({"a": 7}, "merge")
    story.roll_back(1)
    story.change(checkpoint="here")
    assert list(story.current.conflicts) == [DISPUTE]


def test_conflicts_end_when_the_context_is_replaced_or_deleted_or_expires() -> None:
    replaced, deleted, expired = disputed(), disputed(), disputed()
    assert isinstance(replaced.store(1), ContextReplaced)
    deleted.delete()
    expired.wait(3600).store(1)
    for story in (replaced, deleted, expired):
        assert story.current.conflicts == {}
        found = ended(story.events[2:], DISPUTE, NAMES)
        assert isinstance(found, AlreadyResolvedError)
        assert found.how["version"] == 4


def test_one_that_is_resolved_is_told_with_how_and_by_which_version() -> None:
    story = disputed()
    story.resolve(DISPUTE, "value", value=4)
    story.store(1)
    with pytest.raises(ConflictNotFoundError):
        story.resolve(DISPUTE, "ours")
    found = ended(story.events[2:], DISPUTE, NAMES)
    assert str(found) == f"the conflict '{DISPUTE}' was resolved at version 4, taking a given value"
    assert found.details() == {
        "resolved": {
            "conflictId": DISPUTE, "version": 4, "at": at(0), "by": None, "event": "conflict-resolved",
            "take": "value", "value": 4,
        }
    }  # fmt: skip


@pytest.mark.parametrize("unknown", [conflict_id(3, "/b"), conflict_id(2, "/a"), conflict_id(9, "/a"), "other"])
def test_one_that_never_was_is_not_found(unknown: str) -> None:
    story = disputed()
    with pytest.raises(ConflictNotFoundError):
        story.resolve(unknown, "ours")
    with pytest.raises(ConflictNotFoundError):
        ended(story.events[(opened_by(unknown) or 1) - 1 :], unknown, NAMES)


def test_what_its_place_is_in_must_be_there() -> None:
    story = ContextStory()
    story.store({"in": {"a": 1}})
    story.update({"in": {"a": 2}}, "merge")
    story.synchronize({"in": {"a": 3}}, 1, ASK)
    story.update({"in": 1})
    with pytest.raises(ChangeDoesNotApplyError) as refusal:
        story.resolve(conflict_id(3, "/in/a"), "theirs")
    assert refusal.value.fault.pointer == "/in/a"
    story.resolve(conflict_id(3, "/in/a"), "ours")
    assert story.data == {"in": 1}


def test_the_whole_document_can_be_in_conflict() -> None:
    story = ContextStory()
    story.store(1)
    story.update(2)
    story.synchronize(3, 1, ASK)
    story.resolve(conflict_id(3, ""), "theirs")
    assert story.data == 3


def test_a_context_that_is_gone_or_newer_than_expected_takes_neither() -> None:
    story = disputed()
    for command in (
        lambda: story.synchronize({"a": 9}, 1, expected_version=2),
        lambda: story.resolve(DISPUTE, "ours", expected_version=2),
    ):
        with pytest.raises(VersionConflictError):
            command()
    story.delete()
    for command in (lambda: story.synchronize({"a": 9}, 1), lambda: story.resolve(DISPUTE, "ours")):
        with pytest.raises(ContextNotFoundError):
            command()


def test_no_more_are_kept_open_than_a_person_can_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronizing, "MAX_OPEN", 2)
    story = ContextStory()
    story.store({"a": 1, "b": 1, "c": 1})
    story.update({"a": 2, "b": 2, "c": 2})
    with pytest.raises(TooManyConflictsError, match="0 conflicts are open, and 3 more would be"):
        story.synchronize({"a": 3, "b": 3, "c": 3}, 1, ASK)
    story.synchronize({"a": 3, "b": 3, "c": 1}, 1, ASK)
    with pytest.raises(TooManyConflictsError, match="2 conflicts are open, and 1 more"):
        story.synchronize({"a": 3, "b": 3, "c": 3}, 1, ASK)
    assert len(story.events) == 3


def test_what_is_kept_open_is_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchronizing, "MAX_OPEN_BYTES", 2_000)
    story = disputed()
    story.synchronize({"a": "x" * 1_000, "b": 1}, 1, ASK)
    with pytest.raises(TooManyConflictsError, match="more than 2000 bytes together"):
        story.synchronize({"a": "y" * 1_000, "b": 1}, 1, ASK)
    assert len(story.current.conflicts) == 2


def test_both_together_must_not_be_larger_than_a_document_may_be() -> None:
    half = "x" * (MAX_DOCUMENT * 2 // 3)
    story = ContextStory()
    story.store({})
    story.update({"a": half}, "merge")
    with pytest.raises(ChangeDoesNotApplyError, match="would be larger"):
        story.synchronize({"b": half}, 1)
    story.update({"a": 1, "c": 1}, "merge")
    story.synchronize({"c": half}, 1, ASK)
    story.update({"a": half}, "merge")
    with pytest.raises(ChangeDoesNotApplyError, match="would be larger"):
        story.resolve(conflict_id(4, "/c"), "theirs")


def test_a_value_can_not_nest_a_document_deeper_than_documents_may_be() -> None:
    story = disputed()
    with pytest.raises(InvalidInputError, match="nested deeper than 128 levels"):
        story.resolve(DISPUTE, "value", value=nested(128))
    story.resolve(DISPUTE, "value", value=nested(127))


def test_a_base_that_was_encrypted_is_not_told_of_in_the_clear() -> None:
    story = ContextStory()
    story.store({"a": 1}, encrypt=True)
    story.store({"a": 2}, encrypt=False)
    with pytest.raises(InvalidInputError, match="was encrypted, and the context is in the clear now"):
        story.synchronize({"a": 3}, 1)
    story.synchronize({"a": 3}, 0)
    story.store({"a": 4}, encrypt=True)
    story.synchronize({"a": 5}, 2)
    assert story.data == {"a": 5}


def test_events_of_an_encrypted_contexts_conflicts_are_encrypted_for_whom_it_belongs_to() -> None:
    story = ContextStory()
    story.store({"a": 1}, encrypt=True, attributes=Attributes(session_id="s", user_id="u"))
    story.update({"a": 2})
    for event in [*story.synchronize({"a": 3}, 1, ASK), story.resolve(DISPUTE, "theirs")]:
        assert sealed_for(story.context, [event]) == Subject("s", "u")


def test_the_history_tells_what_was_settled_and_what_was_opened() -> None:
    story = ContextStory()
    story.store({"a": 1, "b": 1})
    story.update({"a": 2, "b": 2})
    story.synchronize({"a": 3, "b": 3}, 1, Policy(critical=("/a",)))
    story.resolve(conflict_id(4, "/a"), "theirs")
    *_, done, opened, resolved = entries(story.events, NAMES)
    assert (done.event, [(one.pointer, one.result) for one in done.resolutions]) == (
        "context-synchronized", [("/b", 3)],
    )  # fmt: skip
    assert (opened.event, opened.diff) == ("conflict-opened", [])
    assert [(one.id, one.pointer, one.theirs) for one in opened.conflicts] == [(conflict_id(4, "/a"), "/a", 3)]
    assert (resolved.event, [one.result for one in resolved.resolutions]) == ("conflict-resolved", [3])
    assert resolved.diff == [{"op": "replace", "path": "/a", "value": 3}]
