"""Commands that capture files and recall what is relevant, through the HTTP API."""

from __future__ import annotations

import contextlib
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from contextline import Captured, ContextClient, Relevant
from interfaces.cli.contexts import Agent, Kind, Session, Tags, User
from interfaces.cli.failing import failing
from interfaces.cli.output import compact, console, moment, print_json
from interfaces.cli.processes import AsJson, Url

MAX_TEXT = 256 * 1024
"""Bytes of a file that is read; of a larger one, and of one that is no text, name, size and time are captured."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (capture, relevant):
        app.command()(command)


def capture(
    files: Annotated[list[Path] | None, typer.Argument(help="Files to capture.")] = None,
    source: Annotated[str, typer.Option(help="Where they were seen.")] = "command line",
    with_environment: Annotated[
        bool, typer.Option("--environment", help="Also this environment: folder, interpreter, packages, variables.")
    ] = False,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Into this namespace. [default: the session's id]")
    ] = None,
    session: Session = None,
    agent: Agent = None,
    user: User = None,
    project: Annotated[str | None, typer.Option(help="What they are part of.")] = None,
    tag: Tags = None,
    keep_text: Annotated[bool, typer.Option("--keep-text", help="Keep contents too, without secrets.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Capture files, the code in them and the environment; what looks like a secret is dropped."""
    options: dict[str, Any] = {
        "namespace": namespace,
        "session_id": session,
        "agent_id": agent,
        "user_id": user,
        "project": project,
        "tags": tag,
        "keep_text": keep_text,
    }
    with failing(), ContextClient(url) as client:
        captured = client.capture(
            source,
            files=[_seen(path) for path in files or ()],
            environment=_environment() if with_environment else None,
            **{name: value for name, value in options.items() if value is not None},
        )
        if as_json:
            print_json(captured)
        else:
            _print_captured(captured)


def relevant(
    session: Session = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Of this namespace.")] = None,
    kind: Kind = None,
    tag: Tags = None,
    budget: Annotated[int | None, typer.Option("--bytes", min=1, help="At most so many bytes of JSON.")] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="At most so many tokens.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=400, help="At most so many contexts.")] = 50,
    reference: Annotated[list[str] | None, typer.Option(help="A context of the task at hand; repeatable.")] = None,
    file: Annotated[list[str] | None, typer.Option(help="A file of the task at hand; repeatable.")] = None,
    code_area: Annotated[str | None, typer.Option(help="The directory of the task at hand.")] = None,
    project: Annotated[str | None, typer.Option(help="The project of the task at hand.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show what is most relevant in a session or a namespace, within a budget."""
    with failing(), ContextClient(url) as client:
        found = client.relevant(
            session,
            namespace=namespace,
            type=kind,
            tags=tag or (),
            bytes=budget,
            tokens=tokens,
            limit=limit,
            references=reference or (),
            files=file or (),
            code_area=code_area,
            project=project,
        )
        if as_json:
            print_json(found)
        else:
            _print_relevant(found)


def _seen(path: Path) -> dict[str, Any]:
    found = path.stat()
    seen: dict[str, Any] = {
        "path": path.as_posix(),
        "size": found.st_size,
        "modified": datetime.fromtimestamp(found.st_mtime, UTC),
    }
    if found.st_size <= MAX_TEXT:
        text = path.read_bytes()
        if b"\0" not in text:
            # Of what is no text, name, size and time are captured all the same.
            with contextlib.suppress(UnicodeDecodeError):
                seen["content"] = text.decode()
    return seen


def _environment() -> dict[str, Any]:
    packages = {each.name: each.version for each in distributions()}
    return {
        "working_directory": str(Path.cwd()),
        "interpreter_version": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": packages,
        "variables": dict(os.environ),
    }


def _print_captured(captured: Captured) -> None:
    table = Table("element", "type", "version", "change", box=None, header_style="dim")
    for element in captured.elements:
        table.add_row(element.key, element.type, str(element.version), element.change)
    console.print(table)
    for each in captured.dropped:
        line = f", line {each.line}" if each.line else ""
        console.print(f"Dropped at {each.place}{line}: {each.rule}", style="dim", markup=False)


def _print_relevant(found: Relevant) -> None:
    table = Table("score", "context", "changed", "data", box=None, header_style="dim")
    for item in found.items:
        table.add_row(f"{item.relevance.score:.3f}", item.key, moment(item.updated_at), compact(item.data, 60))
    console.print(table)
    console.print(
        f"{len(found.items)} of {found.candidates} candidates, {found.budget.used} {found.budget.unit}",
        style="dim",
        markup=False,
    )
