"""Reads recorded agent runs and says what of each run is worth storing.

A recording is a JSON list of runs, plain or gzipped. Only what the demo uses is checked; other fields may hold
anything.
"""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

Json = dict[str, Any]


class RunFormatError(ValueError):
    """A recording is not what it should be; the text names the run and the field."""


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt of an agent at one task, with `messages` as they were recorded."""

    task_id: int | str
    trial: int
    reward: float
    user_id: str | None
    instruction: str | None
    messages: tuple[Json, ...]

    @property
    def session_id(self) -> str:
        """The id of the session that the run becomes."""
        return f"run-{self.task_id}-{self.trial}"

    @property
    def won(self) -> bool:
        """Whether the task's end state was reached."""
        return self.reward == 1


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the conversation, as recorded."""

    message: Json


@dataclass(frozen=True, slots=True)
class Record:
    """A user or reservation record that a tool returned, and the key to keep it under."""

    key: str
    data: Json
    kind: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the agent wrote down for itself."""

    text: str


Step = Message | Record | Note


# What a field must be. `traj` is decoded a second time as it stands, because messages are stored as recorded.
class _Function(msgspec.Struct):
    name: str
    arguments: str = "{}"


class _ToolCall(msgspec.Struct):
    function: _Function
    id: str | None = None


class _Message(msgspec.Struct):
    role: str
    content: Any = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None


class _Task(msgspec.Struct):
    user_id: str | None = None
    instruction: str | None = None


class _Info(msgspec.Struct):
    task: _Task | None = None


class _Run(msgspec.Struct):
    task_id: int | str
    reward: float
    traj: list[_Message]
    trial: int | None = None
    info: _Info | None = None


class _Trajectory(msgspec.Struct):
    traj: list[Json]


def read_runs(path: Path) -> list[Run]:
    """The runs of a `.json` or `.json.gz` file. Raises RunFormatError, and OSError where there is no such file."""
    content = path.read_bytes()
    # By content, not by name: a browser may unpack a download and keep its name.
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise RunFormatError(f"{path.name} is not whole: {error}") from error
    return parse_runs(content)


def parse_runs(content: bytes) -> list[Run]:
    """The runs of a JSON text. Raises RunFormatError."""
    try:
        parts = msgspec.json.decode(content, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunFormatError(f"a recording is a JSON list of runs: {error}") from error
    runs: list[Run] = []
    places: dict[str, int] = {}
    attempts: Counter[str] = Counter()
    for place, part in enumerate(parts):
        run = _parse_run(part, place, attempts)
        # Two runs with one session id would be mixed into one conversation.
        if (earlier := places.setdefault(run.session_id, place)) != place:
            raise RunFormatError(f"{_name(part, place)}: trial: run {earlier} has the same task_id and trial")
        runs.append(run)
    return runs


def _parse_run(part: msgspec.Raw, place: int, attempts: Counter[str]) -> Run:
    try:
        checked = msgspec.json.decode(part, type=_Run)
        messages = tuple(msgspec.json.decode(part, type=_Trajectory).traj)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunFormatError(f"{_name(part, place)}: {_explain(error)}") from error
    if checked.reward not in (0, 1):
        raise RunFormatError(f"{_name(part, place)}: reward: expected 0 or 1, got {checked.reward:g}")
    task = checked.info.task if checked.info and checked.info.task else _Task()
    trial = attempts[str(checked.task_id)] if checked.trial is None else checked.trial
    attempts[str(checked.task_id)] += 1
    return Run(checked.task_id, trial, checked.reward, task.user_id, task.instruction, messages)


def _explain(error: Exception) -> str:
    """`Object missing required field `role` - at `$.traj[2]`` with the place first, as a reader would look for it."""
    what, _, where = str(error).partition(" - at ")
    place = where.strip("`").removeprefix("$").removeprefix(".")
    what = what.replace("Object missing", "missing")
    return f"{place}: {what}" if place else what


def _name(part: msgspec.Raw, place: int) -> str:
    """The run's place from 0, and its task and trial as far as they can be read."""
    try:
        found = msgspec.json.decode(part, type=Json)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"run {place}"
    known = [f"{label} {found[field]}" for field, label in (("task_id", "task"), ("trial", "trial")) if field in found]
    return f"run {place} ({', '.join(known)})" if known else f"run {place}"


def steps(run: Run) -> Iterator[Step]:
    """What is to be stored of a run, in the order in which it happened."""
    calls: dict[str | None, tuple[str, Json]] = {}
    for message in run.messages:
        yield Message(message)
        for call in message.get("tool_calls") or ():
            name, arguments = call["function"]["name"], _object(call["function"].get("arguments"))
            # Recordings repeat call ids within a run: a result belongs to the latest call of its id.
            calls[call.get("id")] = name, arguments
            thought = arguments.get("thought")
            if name == "think" and isinstance(thought, str) and thought:
                yield Note(thought)
        if message["role"] == "tool":
            name, arguments = calls.get(message.get("tool_call_id"), ("", {}))
            record = _record(message.get("name") or name, arguments, _object(message.get("content")))
            if record is not None:
                yield record


def _record(tool: str, arguments: Json, result: Json) -> Record | None:
    if tool == "get_user_details":
        kind, field = "user", "user_id"
    elif tool in ("get_reservation_details", "book_reservation", "cancel_reservation") or tool.startswith(
        "update_reservation_"
    ):
        kind, field = "reservation", "reservation_id"
    else:
        return None
    # What was returned names the record better than what was asked for, where it names it at all.
    identity = result.get(field) or arguments.get(field)
    return Record(f"{kind}s/{identity}", result, kind) if result and isinstance(identity, str) else None


def _object(text: Any) -> Json:
    """The JSON object that `text` holds; an empty one for anything else, such as "Error: no such user"."""
    if not isinstance(text, str):
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return value if isinstance(value, dict) else {}
