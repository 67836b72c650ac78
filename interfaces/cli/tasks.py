"""`contextline tasks`: commands on tasks, through the HTTP API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from contextline import ContextClient, Task
from interfaces.cli.contexts import By, Cursor, Expected, Kind, Limit, Reason, Session, named
from interfaces.cli.data import read_json, read_object
from interfaces.cli.failing import failing
from interfaces.cli.output import compact, console, moment, print_json
from interfaces.cli.processes import AsJson, Url
from interfaces.cli.sessions import Agent, why

app = typer.Typer(help="Tasks: list them (by default), and have them done.", no_args_is_help=False)

TaskId = Annotated[str, typer.Argument(metavar="TASK", help="The task's id.")]
Status = Annotated[
    Literal["pending", "in_progress", "completed", "failed", "cancelled"] | None, typer.Option(help="In this status.")
]
Parent = Annotated[str | None, typer.Option(help="The task that it is a part of.")]
After = Annotated[list[str] | None, typer.Option("--after", help="A task that must be completed first; repeatable.")]
Files = Annotated[list[str] | None, typer.Option("--file", help="A file that is involved; repeatable.")]
Project = Annotated[str | None, typer.Option(help="Project.")]
Area = Annotated[str | None, typer.Option("--area", help="Code area: a directory.")]
Priority = Annotated[int | None, typer.Option(help="A higher one comes first. [default: 5]")]
Parameters = Annotated[str | None, typer.Option(help="A JSON object, `-` or @FILE.")]
TheFile = Annotated[str | None, typer.Option("--file", help="Tasks that involve this file.")]


@app.callback(invoke_without_command=True)
def tasks(
    context: typer.Context,
    session: Session = None,
    status: Status = None,
    kind: Kind = None,
    parent: Parent = None,
    project: Project = None,
    area: Area = None,
    file: TheFile = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List tasks, oldest first; or what the command says."""
    if context.invoked_subcommand is None:
        list_tasks(session, status, kind, parent, project, area, file, limit, cursor, as_json, url)


@app.command("list")
def list_tasks(
    session: Session = None,
    status: Status = None,
    kind: Kind = None,
    parent: Parent = None,
    project: Project = None,
    area: Area = None,
    file: TheFile = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List tasks, oldest first, by filters."""
    wanted = named(session_id=session, status=status, type=kind, parent_id=parent)
    wanted |= named(project=project, code_area=area, file=file)
    with failing(), ContextClient(url) as client:
        page = client.list_tasks(limit=limit, cursor=cursor, **wanted)
        if as_json:
            print_json(page)
            return
        console.print(_table(page.items))
        if page.next_cursor:
            console.print(f"There are more: --cursor {page.next_cursor}", style="dim", markup=False)


@app.command()
def tree(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="The session's id.")],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show the tasks of a session as a tree."""
    with failing(), ContextClient(url) as client:
        found = client.task_tree(session)
        if as_json:
            print_json(found)
            return
        for task in found.items:
            line = Text("  " * task.depth + task.id, style="bold")
            line.append(f"  {task.status}", style="cyan").append(f"  {task.description}", style="default")
            console.print(line, overflow="ellipsis", no_wrap=True)
        if not found.complete:
            console.print("There are more: contextline tasks --session", style="dim")


@app.command()
def create(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="The session's id.")],
    description: Annotated[str, typer.Argument(help="What is to be done.")] = "",
    task: Annotated[str | None, typer.Option("--id", help="An id; left out, one is made.")] = None,
    kind: Kind = None,
    parent: Parent = None,
    after: After = None,
    file: Files = None,
    project: Project = None,
    area: Area = None,
    priority: Priority = None,
    parameters: Parameters = None,
    agent: Agent = None,
    by: By = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Have something done in a session."""
    given = named(task_id=task, type=kind, parent_id=parent, dependencies=after, files=file, project=project)
    given |= named(code_area=area, priority=priority, parameters=read_object(parameters), agent_id=agent, changed_by=by)
    with failing(), ContextClient(url) as client:
        _print(client.create_task(session, description, **given), as_json)


@app.command()
def show(task: TaskId, as_json: AsJson = False, url: Url = None) -> None:
    """Show a task."""
    with failing(), ContextClient(url) as client:
        _print(client.get_task(task), as_json)


@app.command()
def update(
    task: TaskId,
    description: Annotated[str | None, typer.Option(help="What is to be done.")] = None,
    kind: Kind = None,
    parent: Parent = None,
    after: After = None,
    file: Files = None,
    project: Project = None,
    area: Area = None,
    priority: Priority = None,
    parameters: Parameters = None,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Change what a task is; what is not named stays."""
    given = named(description=description, type=kind, parent_id=parent, dependencies=after, files=file, project=project)
    given |= named(code_area=area, priority=priority, parameters=read_object(parameters))
    with failing(), ContextClient(url) as client:
        _print(client.update_task(task, **given, **why(expected_version, agent, by, reason)), as_json)


@app.command()
def start(
    task: TaskId,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Begin work on a task, when all that it depends on is completed."""
    with failing(), ContextClient(url) as client:
        _print(client.start_task(task, **why(expected_version, agent, by, reason)), as_json)


@app.command()
def complete(
    task: TaskId,
    result: Annotated[str, typer.Argument(help="What came of it: JSON, `-` or @FILE.")] = "null",
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Say that a task is done."""
    value = read_json(result)
    with failing(), ContextClient(url) as client:
        _print(client.complete_task(task, value, **why(expected_version, agent, by, reason)), as_json)


@app.command()
def fail(
    task: TaskId,
    error: Annotated[str, typer.Argument(help="The details: JSON, `-` or @FILE.")] = "null",
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Say that a task could not be done."""
    value = read_json(error)
    with failing(), ContextClient(url) as client:
        _print(client.fail_task(task, value, **why(expected_version, agent, by, reason)), as_json)


@app.command()
def cancel(
    task: TaskId,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Say that a task is not to be done any more."""
    with failing(), ContextClient(url) as client:
        _print(client.cancel_task(task, **why(expected_version, agent, by, reason)), as_json)


@app.command()
def retry(
    task: TaskId,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Have a task that failed done once more."""
    with failing(), ContextClient(url) as client:
        _print(client.retry_task(task, **why(expected_version, agent, by, reason)), as_json)


def _print(task: Task, as_json: bool) -> None:
    if as_json:
        print_json(task)
        return
    status = Text(task.status, style="bold cyan")
    console.print(Text(task.id, style="bold"), status, Text(f"version {task.version}", style="cyan"), sep="  ")
    facts = [
        ("session", task.session_id),
        ("type", task.type),
        ("to do", task.description),
        ("part of", task.parent_id),
        ("after", ", ".join(task.dependencies)),
        ("files", ", ".join(task.files)),
        ("project", task.project),
        ("area", task.code_area),
        ("priority", task.priority),
        ("parameters", compact(task.parameters) if task.parameters else ""),
        ("created", moment(task.created_at)),
        ("started", task.started_at and moment(task.started_at)),
        ("ended", task.completed_at and moment(task.completed_at)),
        ("took", "" if task.duration is None else f"{task.duration:g} s"),
        ("because", task.reason),
        ("result", compact(task.result) if task.result is not None else ""),
        ("error", compact(task.error) if task.error is not None else ""),
        ("retries", task.retry_count or ""),
        ("encrypted", "yes" if task.encrypted else ""),
    ]
    for name, value in facts:
        if value not in (None, ""):
            console.print(Text(f"  {name:<11}", style="dim"), Text(str(value)), sep="")


def _table(items: Sequence[Task]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("task", "status", "type", "session", "priority", "to do", "created", "took"):
        table.add_column(name, justify="right" if name in ("priority", "took") else "left", overflow="ellipsis")
    for item in items:
        took = "" if item.duration is None else f"{item.duration:g} s"
        told = (item.id, item.status, item.type, item.session_id, str(item.priority), item.description[:60])
        table.add_row(*map(Text, (*told, moment(item.created_at), took)))
    return table
