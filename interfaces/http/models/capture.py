"""The body of a capture."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from domain.capture.naming import MAX_PATH
from domain.contexts.identity import name_fault
from interfaces.http.models.base import Body, Instant, Name, Names, Namespace, SessionId, Text
from interfaces.http.models.contexts import Ttl


def _path(value: str) -> str:
    if fault := name_fault(value, MAX_PATH):
        raise ValueError(fault)
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("strings can't hold the NUL character")
    return value


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("must be a date and time as RFC 3339 has it, such as 2026-01-31T12:00:00Z")
    return value


# Bodies are strict, and JSON has no instants: they are read from texts.
Moment = Annotated[Instant, Field(strict=False), BeforeValidator(_text)]
Path = Annotated[str, Field(min_length=1, max_length=MAX_PATH), AfterValidator(_path)]
Content = Annotated[str, AfterValidator(_no_nul)]
Value = Annotated[str, Field(max_length=32 * 1024), AfterValidator(_no_nul)]
T = TypeVar("T")
Elements = Annotated[list[T], Field(max_length=1000)]


class FileBody(Body):
    """A file; from its content, if it is code, code elements are made too."""

    path: Path
    size: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = Field(None, description="Bytes; by default the content's.")
    modified: Moment | None = None
    language: Name | None = Field(None, description="By default, what the suffix says.")
    content: Content | None = Field(None, description="Read, and kept only with options.keepText.")


class CodeBody(Body):
    """A piece of code; what is not said of it is read from its text."""

    path: Path
    language: Name | None = Field(None, description="By default, what the suffix says.")
    function: Name | None = None
    class_name: Name | None = Field(None, alias="class")
    imports: Names = []
    text: Content | None = Field(None, description="Read, and kept only with options.keepText.")


class TaskBody(Body):
    """Something to be done; the files that its description names are its files too."""

    name: Name | None = Field(None, description="By default, made from the description.")
    description: Text = ""
    status: Literal["pending", "in_progress", "completed", "failed", "cancelled"] = "pending"
    dependencies: Names = Field([], description="Names of other tasks.")
    files: Annotated[list[Path], Field(max_length=256)] = []


class EnvironmentBody(Body):
    """Where an agent works. Variables that look like secrets, by name or by value, are dropped."""

    working_directory: Path | None = None
    interpreter_version: Name | None = None
    packages: Annotated[dict[Name, Name], Field(max_length=5000)] = {}
    variables: Annotated[dict[Name, Value], Field(max_length=5000)] = {}


class CaptureOptions(Body):
    """How the elements are kept."""

    namespace: Namespace | None = Field(
        None, description="By default the session's id; without a session, the empty one."
    )
    session_id: SessionId | None = None
    agent_id: Name | None = None
    user_id: Name | None = None
    project: Name | None = Field(None, description="What the elements are part of; counts for their relevance.")
    tags: Names = []
    ttl: Ttl | None = Field(None, description="Seconds from the last change; left out or null: for ever.")
    encrypt: bool | None = Field(
        None,
        description="Encrypt them; left out: as they were stored before, else as CONTEXTLINE_ENCRYPT_DEFAULT says.",
    )
    keep_text: bool = Field(False, description="Keep contents and texts too, without secrets.")
    changed_by: Name | None = Field(None, description="Who captures.")
    action: Name | None = None
    reason: Text | None = None
    causation_id: Name | None = None
    correlation_id: Name | None = None


class CaptureRequest(Body):
    """What an agent saw, and where."""

    source: Name = Field(description="Where it was seen: a tool, an editor, a command.")
    files: Elements[FileBody] = []
    code: Elements[CodeBody] = []
    tasks: Elements[TaskBody] = []
    environment: EnvironmentBody | None = None
    options: CaptureOptions = CaptureOptions()
