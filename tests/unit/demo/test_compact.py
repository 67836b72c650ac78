import pytest

from demo.compact import message_line, operation_line, shorten


def test_long_text_ends_in_an_ellipsis_within_the_width() -> None:
    assert shorten("one\n two   three", 40) == "one two three"
    assert shorten("one two three", 9) == "one two…"


def test_a_message_says_who_called_what() -> None:
    call = {"id": "1", "function": {"name": "think", "arguments": "{}"}}
    assert message_line({"role": "assistant", "content": None, "tool_calls": [call]}, 60) == "assistant: calls think {}"
    assert message_line({"role": "tool", "name": "think", "content": "ok"}, 60) == "tool think: ok"
    assert message_line({"role": "user", "content": [{"type": "text"}]}, 60) == 'user: [{"type": "text"}]'


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        ({"op": "add", "path": "/a", "value": [1]}, "+ /a [1]"),
        ({"op": "add", "path": "/m/1", "value": {"role": "user", "content": "hi"}}, "+ /m/1 user: hi"),
        ({"op": "replace", "path": "", "value": {}}, "~ all of it {}"),
        ({"op": "remove", "path": "/a"}, "- /a"),
        ({"op": "move", "from": "/a", "path": "/b"}, "move /b from /a"),
    ],
)
def test_an_operation_is_a_sign_a_place_and_a_value(operation: dict[str, object], line: str) -> None:
    assert operation_line(operation, 60) == line
