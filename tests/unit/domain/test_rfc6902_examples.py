"""RFC 6902, appendix A: all sixteen examples."""

import copy
import json
from typing import Any

import pytest

from domain.contexts.patches import apply_patch, parse_patch
from domain.errors import ChangeDoesNotApplyError, InvalidInputError
from domain.values import identical
from interfaces.http.strict_json import parse

HOLDS: dict[str, tuple[str, str, str]] = {
    "A.1 adding an object member": (
        '{"foo": "bar"}',
        '[{"op": "add", "path": "/baz", "value": "qux"}]',
        '{"baz": "qux", "foo": "bar"}',
    ),
    "A.2 adding an array element": (
        '{"foo": ["bar", "baz"]}',
        '[{"op": "add", "path": "/foo/1", "value": "qux"}]',
        '{"foo": ["bar", "qux", "baz"]}',
    ),
    "A.3 removing an object member": (
        '{"baz": "qux", "foo": "bar"}',
        '[{"op": "remove", "path": "/baz"}]',
        '{"foo": "bar"}',
    ),
    "A.4 removing an array element": (
        '{"foo": ["bar", "qux", "baz"]}',
        '[{"op": "remove", "path": "/foo/1"}]',
        '{"foo": ["bar", "baz"]}',
    ),
    "A.5 replacing a value": (
        '{"baz": "qux", "foo": "bar"}',
        '[{"op": "replace", "path": "/baz", "value": "boo"}]',
        '{"baz": "boo", "foo": "bar"}',
    ),
    "A.6 moving a value": (
        '{"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}',
        '[{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]',
        '{"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}',
    ),
    "A.7 moving an array element": (
        '{"foo": ["all", "grass", "cows", "eat"]}',
        '[{"op": "move", "from": "/foo/1", "path": "/foo/3"}]',
        '{"foo": ["all", "cows", "eat", "grass"]}',
    ),
    "A.8 testing a value: success": (
        '{"baz": "qux", "foo": ["a", 2, "c"]}',
        '[{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}]',
        '{"baz": "qux", "foo": ["a", 2, "c"]}',
    ),
    "A.10 adding a nested member object": (
        '{"foo": "bar"}',
        '[{"op": "add", "path": "/child", "value": {"grandchild": {}}}]',
        '{"foo": "bar", "child": {"grandchild": {}}}',
    ),
    "A.11 ignoring unrecognized elements": (
        '{"foo": "bar"}',
        '[{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}]',
        '{"foo": "bar", "baz": "qux"}',
    ),
    "A.14 escape ordering": (
        '{"/": 9, "~1": 10}',
        '[{"op": "test", "path": "/~01", "value": 10}]',
        '{"/": 9, "~1": 10}',
    ),
    "A.16 adding an array value": (
        '{"foo": ["bar"]}',
        '[{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}]',
        '{"foo": ["bar", ["abc", "def"]]}',
    ),
}

DOES_NOT_HOLD: dict[str, tuple[str, str]] = {
    "A.9 testing a value: error": ('{"baz": "qux"}', '[{"op": "test", "path": "/baz", "value": "bar"}]'),
    "A.12 adding to a nonexistent target": (
        '{"foo": "bar"}',
        '[{"op": "add", "path": "/baz/bat", "value": "qux"}]',
    ),
    "A.15 comparing strings and numbers": ('{"/": 9, "~1": 10}', '[{"op": "test", "path": "/~01", "value": "10"}]'),
}


@pytest.mark.parametrize(("document", "patch", "expected"), HOLDS.values(), ids=HOLDS)
def test_an_example_that_holds_gives_the_rfcs_result(document: str, patch: str, expected: str) -> None:
    before: Any = json.loads(document)
    given = copy.deepcopy(before)
    assert identical(apply_patch(given, parse_patch(json.loads(patch))), json.loads(expected))
    assert identical(given, before)


@pytest.mark.parametrize(("document", "patch"), DOES_NOT_HOLD.values(), ids=DOES_NOT_HOLD)
def test_an_example_that_does_not_hold_is_refused(document: str, patch: str) -> None:
    with pytest.raises(ChangeDoesNotApplyError, match="operation 0"):
        apply_patch(json.loads(document), parse_patch(json.loads(patch)))


def test_a13_an_invalid_document_with_a_duplicate_member_is_refused_when_it_is_read() -> None:
    with pytest.raises(InvalidInputError, match='duplicate member "op"'):
        parse(b'[{"op": "add", "path": "/baz", "value": "qux", "op": "remove"}]')
