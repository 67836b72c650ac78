import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from demo.runs import Message, Note, Record, RunFormatError, Step, parse_runs, read_runs, steps

HELLO = {"role": "user", "content": "Hello"}


def recorded(**changes: Any) -> dict[str, Any]:
    run: dict[str, Any] = {
        "task_id": 7,
        "trial": 2,
        "reward": 1.0,
        "info": {"source": "user", "task": {"user_id": "ada_1", "instruction": "You want a seat.", "actions": []}},
        "traj": [HELLO],
    }
    run.update(changes)
    return {field: value for field, value in run.items() if value is not ...}


def parse(*runs: Any) -> Any:
    return parse_runs(json.dumps(runs).encode())


def call(name: str, arguments: Any, call_id: str = "call_1") -> dict[str, Any]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    function = {"name": name, "arguments": text}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
    }


def result(name: str | None, content: Any, call_id: str = "call_1") -> dict[str, Any]:
    text = content if isinstance(content, str) else json.dumps(content)
    named = {"name": name} if name else {}
    return {"role": "tool", "tool_call_id": call_id, "content": text} | named


def stored(*messages: dict[str, Any]) -> list[Step]:
    (run,) = parse(recorded(traj=list(messages)))
    return [step for step in steps(run) if not isinstance(step, Message)]


def test_a_run_is_read_with_its_task() -> None:
    (run,) = parse(recorded())
    assert (run.task_id, run.trial, run.reward, run.won) == (7, 2, 1.0, True)
    assert (run.user_id, run.instruction) == ("ada_1", "You want a seat.")
    assert run.messages == (HELLO,)
    assert run.session_id == "run-7-2"


@pytest.mark.parametrize("name", ["runs.json", "runs.json.gz"])
def test_plain_and_gzipped_recordings_are_read_whatever_their_name(tmp_path: Path, name: str) -> None:
    content = json.dumps([recorded()]).encode()
    for form in (content, gzip.compress(content)):
        file = tmp_path / name
        file.write_bytes(form)
        assert [run.task_id for run in read_runs(file)] == [7]


def test_a_cut_off_file_is_called_not_whole(tmp_path: Path) -> None:
    file = tmp_path / "runs.json.gz"
    file.write_bytes(gzip.compress(json.dumps([recorded()]).encode())[:-12])
    with pytest.raises(RunFormatError, match=r"runs\.json\.gz is not whole"):
        read_runs(file)


def test_messages_keep_the_fields_that_the_demo_does_not_know() -> None:
    message = {"role": "assistant", "content": "Hi", "refusal": None, "annotations": [{"x": 1}]}
    (run,) = parse(recorded(traj=[message], cost=0.25))
    assert run.messages == (message,)


@pytest.mark.parametrize("info", [..., None, {}, {"task": None}, {"task": {}}])
def test_a_run_may_say_nothing_about_its_task(info: Any) -> None:
    (run,) = parse(recorded(info=info))
    assert (run.user_id, run.instruction) == (None, None)


def test_trials_that_are_not_named_are_counted_for_each_task() -> None:
    runs = parse(recorded(trial=...), recorded(trial=...), recorded(trial=..., task_id="other"))
    assert [run.session_id for run in runs] == ["run-7-0", "run-7-1", "run-other-0"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reward": 0.5}, r"run 1 \(task 7, trial 2\): reward: expected 0 or 1, got 0\.5"),
        ({"reward": "won"}, r"run 1 \(task 7, trial 2\): reward: Expected `float`, got `str`"),
        ({"reward": ...}, r"run 1 \(task 7, trial 2\): missing required field `reward`"),
        ({"task_id": ...}, r"run 1 \(trial 2\): missing required field `task_id`"),
        ({"traj": [HELLO, {"content": "x"}]}, r"traj\[1\]: missing required field `role`"),
        ({"traj": [call("think", {}), {"role": 3}]}, r"traj\[1\]\.role: Expected `str`, got `int`"),
        ({"traj": [HELLO | {"tool_calls": [{"function": {}}]}]}, r"traj\[0\]\.tool_calls\[0\]\.function: .*`name`"),
        ({"info": {"task": {"user_id": 5}}}, r"info\.task\.user_id: Expected `str \| null`, got `int`"),
        ({"trial": 0}, r"run 1 \(task 7, trial 0\): trial: run 0 has the same task_id and trial"),
    ],
)
def test_errors_name_the_run_and_the_field(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RunFormatError, match=said):
        parse(recorded(trial=0), recorded(**changes))


@pytest.mark.parametrize("content", [b"", b"[", b"{}", b"null", b"[] []"])
def test_a_recording_that_is_no_list_is_refused(content: bytes) -> None:
    with pytest.raises(RunFormatError, match="a recording is a JSON list of runs"):
        parse_runs(content)


def test_steps_follow_the_run_in_its_order() -> None:
    user = {"name": "Ada"}
    reservation = {"reservation_id": "EX1", "cabin": "seat"}
    changed = reservation | {"cabin": "suite"}
    messages = [
        {"role": "system", "content": "Be kind."},
        HELLO,
        call("get_user_details", {"user_id": "ada_1"}),
        result("get_user_details", user),
        call("get_reservation_details", {"reservation_id": "EX1"}),
        result("get_reservation_details", reservation),
        call("think", {"thought": "A suite is free."}),
        result("think", ""),
        call("update_reservation_cabin", {"reservation_id": "EX1", "cabin": "suite"}),
        result("update_reservation_cabin", changed),
    ]
    (run,) = parse(recorded(traj=messages))
    said = [Message(message) for message in messages]
    assert list(steps(run)) == [
        *said[:4],
        Record("users/ada_1", user, "user"),
        *said[4:6],
        Record("reservations/EX1", reservation, "reservation"),
        said[6],
        Note("A suite is free."),
        *said[7:],
        Record("reservations/EX1", changed, "reservation"),
    ]


def test_a_new_reservation_is_named_by_what_the_tool_returned() -> None:
    booked = {"reservation_id": "NEW1", "user_id": "ada_1"}
    made = stored(call("book_reservation", {"user_id": "ada_1"}), result("book_reservation", booked))
    assert made == [Record("reservations/NEW1", booked, "reservation")]


@pytest.mark.parametrize("content", ["Error: no such reservation", "", "null", "[1]", '"EX1"', "{}", "{"])
def test_what_is_not_a_json_object_is_not_a_record(content: str) -> None:
    called = call("cancel_reservation", {"reservation_id": "EX1"})
    assert stored(called, result("cancel_reservation", content)) == []


def test_results_of_other_tools_are_not_records() -> None:
    assert stored(call("search", {"reservation_id": "EX1"}), result("search", {"reservation_id": "EX1"})) == []


def test_a_result_belongs_to_the_latest_call_with_its_id() -> None:
    first, second = ({"seats": count} for count in (1, 2))
    made = stored(
        call("get_reservation_details", {"reservation_id": "EX1"}, "same"),
        result("get_reservation_details", first, "same"),
        call("get_reservation_details", {"reservation_id": "EX2"}, "same"),
        result("get_reservation_details", second, "same"),
    )
    assert made == [
        Record("reservations/EX1", first, "reservation"),
        Record("reservations/EX2", second, "reservation"),
    ]


def test_a_result_without_a_name_has_the_name_of_its_call() -> None:
    made = stored(call("get_user_details", {"user_id": "ada_1"}), result(None, {"name": "Ada"}))
    assert made == [Record("users/ada_1", {"name": "Ada"}, "user")]


@pytest.mark.parametrize("arguments", ["not JSON", "[]", {"thought": ""}, {"thought": 1}, {}])
def test_a_thought_that_says_nothing_is_no_note(arguments: Any) -> None:
    assert stored(call("think", arguments)) == []
