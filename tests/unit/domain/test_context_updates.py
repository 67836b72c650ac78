"""Every way to change a part, attributes, checkpoints, rollback; and that a refused change leaves no event."""

import copy
from typing import Any

import pytest

from domain.contexts.changes import CHANGE_TYPES
from domain.contexts.events import AttributeChanges, Attributes, ContextRolledBack, ContextUpdated
from domain.errors import ChangeDoesNotApplyError, InvalidInputError
from domain.values import MAX_DOCUMENT, MAX_INTEGER, MIN_INTEGER, identical
from tests.unit.domain.stories import ContextStory, at
from tests.unit.domain.strategies import nested

BEFORE: dict[str, Any] = {"a": {"b": [1], "c": 2}, "n": 1, "x": None}

DONE: list[tuple[str, Any, Any]] = [
    ("replace", [1], [1]),
    ("replace", None, None),
    ("merge", {"a": {"c": 3, "d": 4}}, {"a": {"b": [1], "c": 3, "d": 4}, "n": 1, "x": None}),
    ("merge", {"a": None}, {"a": None, "n": 1, "x": None}),
    ("merge", {"n": {"deep": []}}, {"a": {"b": [1], "c": 2}, "n": {"deep": []}, "x": None}),
    ("merge", {}, BEFORE),
    ("merge", {"n": True, "a": {"c": 2.0}}, {"a": {"b": [1], "c": 2.0}, "n": True, "x": None}),
    ("mergePatch", {"n": True, "a": {"c": 2.0}}, {"a": {"b": [1], "c": 2.0}, "n": True, "x": None}),
    ("mergePatch", {"a": {"c": None}, "y": {"z": None}}, {"a": {"b": [1]}, "n": 1, "x": None, "y": {}}),
    ("mergePatch", [None], [None]),
    ("mergePatch", {}, BEFORE),
    ("append", {"a": {"b": [2, 3]}}, {"a": {"b": [1, 2, 3], "c": 2}, "n": 1, "x": None}),
    ("append", {"new": [1]}, {**BEFORE, "new": [1]}),
    ("append", {"new": {"deeper": [1]}}, {**BEFORE, "new": {"deeper": [1]}}),
    ("append", {"a": {"b": []}}, BEFORE),
    ("increment", {"n": 2, "a": {"c": -5}}, {"a": {"b": [1], "c": -3}, "n": 3, "x": None}),
    ("increment", {"n": 0.5}, {**BEFORE, "n": 1.5}),
    ("increment", {"new": {"count": 1}}, {**BEFORE, "new": {"count": 1}}),
    ("jsonPatch", [{"op": "remove", "path": "/a"}, {"op": "add", "path": "/n", "value": [1]}], {"n": [1], "x": None}),
    ("jsonPatch", [], BEFORE),
]


@pytest.mark.parametrize(("change_type", "operand", "after"), DONE)
def test_a_change_does_what_its_type_says_and_records_it_as_a_patch(change_type: str, operand: Any, after: Any) -> None:
    story = ContextStory()
    story.store(copy.deepcopy(BEFORE))
    event = story.update(operand, change_type)
    assert isinstance(event, ContextUpdated)
    assert event.change_type == change_type
    assert identical(story.data, after)
    assert story.current.version == 2


def test_all_change_types_are_tried_above() -> None:
    assert {change_type for change_type, _, _ in DONE} == set(CHANGE_TYPES)


REFUSED: list[tuple[str, Any, str]] = [
    ("append", {"n": [1]}, "/n: what is there is not an array"),
    ("append", {"n": {"deeper": [1]}}, "/n: what is there is not an object"),
    ("append", [1], "the whole document: what is there is not an array"),
    ("increment", {"a": 1}, "/a: what is there is not a number"),
    ("increment", {"x": 1}, "/x: what is there is not a number"),
    ("increment", {"n": {"deeper": 1}}, "/n: what is there is not an object"),
    ("increment", 1, "the whole document: what is there is not a number"),
    ("increment", {"n": MAX_INTEGER}, "/n: the sum would leave the range"),
    ("jsonPatch", [{"op": "test", "path": "/n", "value": 1}, {"op": "remove", "path": "/no"}], "operation 1, /no"),
    ("jsonPatch", [{"op": "replace", "path": "/no", "value": 1}], "operation 0, /no: there is no member"),
    ("jsonPatch", [{"op": "add", "path": "/no/x", "value": 1}], "operation 0, /no/x: there is no member 'no'"),
    ("jsonPatch", [{"op": "add", "path": "/a/b/2", "value": 1}], "operation 0, /a/b/2: index 2 is outside"),
    ("jsonPatch", [{"op": "add", "path": "/a/b/01", "value": 1}], "operation 0, /a/b/01: '01' is not an array index"),
    ("jsonPatch", [{"op": "add", "path": "/n/x", "value": 1}], "operation 0, /n/x: what the path goes through"),
    ("jsonPatch", [{"op": "move", "from": "/no", "path": "/y"}], "operation 0, /no: there is no member"),
    ("jsonPatch", [{"op": "copy", "from": "/a/b/9", "path": "/y"}], "operation 0, /a/b/9: index 9 is outside"),
    ("jsonPatch", [{"op": "move", "from": "/n", "path": "/no/y"}], "operation 0, /no/y: there is no member 'no'"),
    ("jsonPatch", [{"op": "test", "path": "/n", "value": "1"}], "operation 0, /n: the value there is not"),
    ("jsonPatch", [{"op": "test", "path": "/n", "value": True}], "operation 0, /n: the value there is not"),
]


@pytest.mark.parametrize(("change_type", "operand", "message"), REFUSED)
def test_a_change_that_does_not_fit_names_the_place_and_changes_nothing(
    change_type: str, operand: Any, message: str
) -> None:
    story = ContextStory()
    story.store(copy.deepcopy(BEFORE))
    with pytest.raises(ChangeDoesNotApplyError) as refusal:
        story.update(operand, change_type)
    assert str(refusal.value).startswith(message)
    assert identical(story.data, BEFORE)
    assert len(story.events) == 1


def test_the_refusal_of_a_patch_names_operation_and_pointer_for_programs() -> None:
    story = ContextStory()
    story.store({})
    with pytest.raises(ChangeDoesNotApplyError) as refusal:
        story.update([{"op": "add", "path": "/a", "value": 1}, {"op": "remove", "path": "/b"}], "jsonPatch")
    details = refusal.value.details()
    assert (details["operation"], details["errors"][0]["pointer"]) == (1, "/b")
    story.update({"n": []}, "append")
    with pytest.raises(ChangeDoesNotApplyError) as refusal:
        story.update({"n": {"m": []}}, "append")
    assert "operation" not in refusal.value.details()
    assert refusal.value.details()["errors"][0]["pointer"] == "/n"


@pytest.mark.parametrize(
    ("change_type", "operand", "pointer"),
    [
        ("merge", [1], "/data"),
        ("merge", None, "/data"),
        ("append", {"a": 1}, "/data/a"),
        ("append", {"new": {"x": 1}}, "/data/new/x"),
        ("append", "text", "/data"),
        ("increment", {"n": "1"}, "/data/n"),
        ("increment", {"n": True}, "/data/n"),
        ("increment", {"new": {"x": []}}, "/data/new/x"),
        ("increment", {"new": {"x": False}}, "/data/new/x"),
        ("jsonPatch", {"op": "add"}, "/data"),
        ("jsonPatch", [1], "/data/0"),
        ("jsonPatch", [{"path": ""}], "/data/0/op"),
        ("jsonPatch", [{"op": "increment", "path": ""}], "/data/0/op"),
        ("jsonPatch", [{"op": ["add"], "path": ""}], "/data/0/op"),
        ("jsonPatch", [{"op": "add", "value": 1}], "/data/0/path"),
        ("jsonPatch", [{"op": "add", "path": 1, "value": 1}], "/data/0/path"),
        ("jsonPatch", [{"op": "add", "path": "a", "value": 1}], "/data/0/path"),
        ("jsonPatch", [{"op": "add", "path": "/~2", "value": 1}], "/data/0/path"),
        ("jsonPatch", [{"op": "add", "path": "/~", "value": 1}], "/data/0/path"),
        ("jsonPatch", [{"op": "add", "path": "/a"}], "/data/0/value"),
        ("jsonPatch", [{"op": "move", "path": "/a"}], "/data/0/from"),
        ("jsonPatch", [{"op": "copy", "path": "/a", "from": "b"}], "/data/0/from"),
        ("jsonPatch", [{"op": "move", "from": "/a", "path": "/a/b"}], "/data/0/path"),
        ("jsonPatch", [{"op": "move", "from": "", "path": "/a"}], "/data/0/path"),
        ("jsonPatch", [{"op": "remove", "path": ""}], "/data/0/path"),
    ],
)
def test_an_operand_that_fits_no_document_is_refused_as_input(change_type: str, operand: Any, pointer: str) -> None:
    story = ContextStory()
    story.store(copy.deepcopy(BEFORE))
    with pytest.raises(InvalidInputError) as refusal:
        story.update(operand, change_type)
    assert refusal.value.faults[0].pointer == pointer
    assert len(story.events) == 1


def test_sums_may_reach_the_ends_of_the_integers_and_not_pass_them() -> None:
    story = ContextStory()
    story.store({"high": MAX_INTEGER - 1, "low": MIN_INTEGER + 1, "double": 1.7e308})
    story.update({"high": 1, "low": -1}, "increment")
    assert story.data == {"high": MAX_INTEGER, "low": MIN_INTEGER, "double": 1.7e308}
    for operand in ({"high": 1}, {"low": -1}, {"double": 1.7e308}):
        with pytest.raises(ChangeDoesNotApplyError):
            story.update(operand, "increment")


def test_a_patch_can_not_nest_a_document_deeper_than_documents_may_be() -> None:
    story = ContextStory()
    story.store({"a": nested(100, "{"), "b": nested(27)})
    inside_a = "/a" + "/in/0" * 49 + "/in/-"
    story.update([{"op": "copy", "from": "/b", "path": inside_a}], "jsonPatch")
    with pytest.raises(InvalidInputError, match="nested deeper than 128 levels"):
        story.update([{"op": "move", "from": "/b", "path": f"{inside_a[:-1]}0" + "/0/in" * 13 + "/-"}], "jsonPatch")


def test_a_patch_that_copies_the_whole_into_itself_over_and_over_is_refused_quickly() -> None:
    story = ContextStory()
    story.store({"a": 1})
    patch = [{"op": "copy", "from": "", "path": f"/{index}"} for index in range(60)]
    with pytest.raises(ChangeDoesNotApplyError, match="the patch copies too much"):
        story.update(patch, "jsonPatch")


def test_tests_of_a_patch_are_not_recorded_they_have_held() -> None:
    story = ContextStory()
    story.store({"n": 1})
    event = story.update(
        [{"op": "test", "path": "/n", "value": 1.0}, {"op": "replace", "path": "/n", "value": 2}], "jsonPatch"
    )
    assert isinstance(event, ContextUpdated)
    assert event.patch == [{"op": "replace", "path": "/n", "value": 2}]


def test_an_update_keeps_every_attribute_that_it_does_not_name() -> None:
    story = ContextStory()
    everything = Attributes(
        session_id="s", agent_id="a", user_id="u", type="t", tags=("x",), priority=1, importance=1.0, features=("f",),
        permissions=("p",), environment="e", document_version="2", ttl=60, metadata={"m": 1},
    )  # fmt: skip
    story.store({}, attributes=everything)
    story.wait(10).update({"n": 1}, "merge")
    assert story.current.attributes == everything
    assert story.current.expires_at == at(70)
    story.change(attributes=AttributeChanges(tags=("y",), session_id=None))
    assert story.current.attributes.tags == ("y",)
    assert story.current.attributes.session_id is None
    assert story.current.attributes.agent_id == "a"
    assert story.data == {"n": 1}


def test_an_update_can_take_the_ttl_away_or_give_one() -> None:
    story = ContextStory()
    story.store({}, attributes=Attributes(ttl=60))
    story.wait(1).change(attributes=AttributeChanges(ttl=None))
    assert story.current.expires_at is None
    story.wait(1).change(attributes=AttributeChanges(ttl=5))
    assert story.current.expires_at == at(7)


def test_checkpoints_name_the_version_that_the_update_made() -> None:
    story = ContextStory()
    story.store({"n": 0})
    story.update({"n": 1}, checkpoint=True)
    story.update({"n": 2}, checkpoint="good")
    story.update({"n": 3})
    assert story.marked == {"version-2": 2, "good": 3}
    story.update({"n": 4}, checkpoint="good")
    assert story.marked == {"version-2": 2, "good": 5}


def test_checkpoints_outlive_replacing_deleting_and_storing_again() -> None:
    story = ContextStory()
    story.store({"n": 0})
    story.change(checkpoint="start")
    story.store({"n": 1})
    story.delete()
    story.store({"n": 2})
    assert story.marked == {"start": 2}


def test_a_rollback_brings_data_and_attributes_back_as_a_new_version() -> None:
    story = ContextStory()
    story.store({"n": 0}, attributes=Attributes(tags=("old",), ttl=60))
    story.wait(10).store([1], attributes=Attributes(ttl=None))
    event = story.wait(10).roll_back(1, reason="it was better")
    assert isinstance(event, ContextRolledBack)
    assert (event.to_version, event.reason) == (1, "it was better")
    assert (story.data, story.current.version) == ({"n": 0}, 3)
    assert story.current.attributes == Attributes(tags=("old",), ttl=60)
    assert story.current.expires_at == at(80)


def test_a_rollback_to_a_deletion_is_refused() -> None:
    story = ContextStory()
    story.store({"n": 0})
    story.delete()
    story.store({"n": 1})
    with pytest.raises(InvalidInputError, match="version 2 is a deletion"):
        story.roll_back(2)


def test_a_rollback_reaches_into_an_earlier_life() -> None:
    story = ContextStory()
    story.store({"n": 0})
    story.delete()
    story.store({"n": 1})
    story.roll_back(1)
    assert (story.data, story.current.version) == ({"n": 0}, 4)


def test_a_document_can_not_outgrow_what_a_request_can_carry() -> None:
    story = ContextStory()
    story.store({"a": "x" * (MAX_DOCUMENT // 2)})
    with pytest.raises(ChangeDoesNotApplyError, match="larger than"):
        story.update([{"op": "copy", "from": "/a", "path": "/b"}], change_type="jsonPatch")


@pytest.mark.parametrize(("number", "by"), [(2**53 + 1, 0.0), (1.5, 2**60), (2**53 + 1, 0.5)])
def test_an_integer_and_a_double_that_have_no_exact_sum_are_not_added(number: float, by: float) -> None:
    story = ContextStory()
    story.store({"n": number})
    with pytest.raises(ChangeDoesNotApplyError, match="no exact sum"):
        story.update({"n": by}, change_type="increment")
