"""`contextline sessions`: commands on sessions, through the HTTP API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.json import JSON
from rich.table import Table
from rich.text import Text

from contextline import ContextClient, Session
from interfaces.cli.contexts import By, ChangeType, Cursor, Expected, Limit, Reason, User, named
from interfaces.cli.data import read_json, read_object
from interfaces.cli.failing import failing
from interfaces.cli.output import compact, console, dumps, moment, print_json
from interfaces.cli.processes import AsJson, Url

app = typer.Typer(help="Sessions: list them (by default), and take them through their lives.", no_args_is_help=False)

SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="The session's id.")]
Agent = Annotated[str | None, typer.Option(help="The agent that gives the command.")]
Status = Annotated[
    Literal["active", "paused", "completed", "failed", "expired", "deleted"] | None,
    typer.Option(help="In this status."),
]
Timeout = Annotated[str | None, typer.Option(help="Seconds without a command after which it expires, or never.")]
Outcome = Annotated[str | None, typer.Option(help="What came of it: a JSON object, `-` or @FILE.")]


@app.callback(invoke_without_command=True)
def sessions(
    context: typer.Context,
    status: Status = None,
    user: User = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List sessions, newest first; or what the command says."""
    if context.invoked_subcommand is None:
        _list(status, user, limit, cursor, as_json, url)


@app.command("list")
def list_sessions(
    status: Status = None,
    user: User = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List sessions, newest first; without a status all but those that were deleted."""
    _list(status, user, limit, cursor, as_json, url)


@app.command()
def create(
    session: Annotated[str | None, typer.Argument(metavar="[SESSION]", help="An id; left out, one is made.")] = None,
    user: User = None,
    data: Annotated[str | None, typer.Option(help="A JSON object, `-` or @FILE.")] = None,
    metadata: Annotated[str | None, typer.Option(help="A JSON object.")] = None,
    timeout: Timeout = None,
    encrypt: Annotated[
        bool | None, typer.Option("--encrypt/--in-the-clear", help="Whether to encrypt it. [default: as the server is]")
    ] = None,
    agent: Agent = None,
    by: By = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Begin a session."""
    given = named(
        user_id=user, data=read_object(data), metadata=read_object(metadata), encrypt=encrypt, agent_id=agent
    ) | named(changed_by=by)
    with failing(), ContextClient(url) as client:
        _print(client.create_session(session, **given, **_timeout(timeout)), as_json)


@app.command()
def show(session: SessionId, as_json: AsJson = False, url: Url = None) -> None:
    """Show a session."""
    with failing(), ContextClient(url) as client:
        _print(client.get_session(session), as_json)


@app.command()
def update(
    session: SessionId,
    data: Annotated[str | None, typer.Argument(help="JSON; `-` reads standard input, @FILE a file.")] = None,
    change: Annotated[ChangeType, typer.Option(help="How data is applied.")] = "replace",
    metadata: Annotated[str | None, typer.Option(help="A JSON object; replaces the metadata.")] = None,
    timeout: Timeout = None,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Change what a session holds, or when it expires."""
    given = named(metadata=read_object(metadata)) | why(expected_version, agent, by, reason)
    if data is not None:
        given |= {"data": read_json(data), "change_type": change}
    with failing(), ContextClient(url) as client:
        _print(client.update_session(session, **given, **_timeout(timeout)), as_json)


@app.command()
def pause(
    session: SessionId,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Stop work in a session for a while."""
    with failing(), ContextClient(url) as client:
        _print(client.pause_session(session, **why(expected_version, agent, by, reason)), as_json)


@app.command()
def resume(
    session: SessionId,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Go on with a paused session."""
    with failing(), ContextClient(url) as client:
        _print(client.resume_session(session, **why(expected_version, agent, by, reason)), as_json)


@app.command()
def complete(
    session: SessionId,
    outcome: Outcome = None,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """End a session that reached what it was for."""
    given = why(expected_version, agent, by, reason)
    with failing(), ContextClient(url) as client:
        _print(client.complete_session(session, outcome=read_object(outcome), **given), as_json)


@app.command()
def fail(
    session: SessionId,
    outcome: Outcome = None,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """End a session that did not."""
    given = why(expected_version, agent, by, reason)
    with failing(), ContextClient(url) as client:
        _print(client.fail_session(session, outcome=read_object(outcome), **given), as_json)


@app.command()
def delete(
    session: SessionId,
    expected_version: Expected = None,
    agent: Agent = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Delete a session; its history stays, and its id is used up."""
    with failing(), ContextClient(url) as client:
        deleted = client.delete_session(session, **why(expected_version, agent, by, reason))
        if as_json:
            print_json(deleted)
        else:
            console.print(f"Deleted {session}, version {deleted.version}; its history stays", markup=False)


def why(expected_version: int | None, agent: str | None, by: str | None, reason: str | None) -> dict[str, Any]:
    """Who gives a command, why, and on which version it was based, as the client takes it."""
    return named(expected_version=expected_version, agent_id=agent, changed_by=by, reason=reason)


def _timeout(value: str | None) -> dict[str, Any]:
    if value is None:
        return {}
    if value == "never":
        return {"timeout": None}
    if not value.isdecimal():
        raise typer.BadParameter("--timeout takes seconds, or never")
    return {"timeout": int(value)}


def _list(status: str | None, user: str | None, limit: int, cursor: str | None, as_json: bool, url: str | None) -> None:
    with failing(), ContextClient(url) as client:
        page = client.list_sessions(status=status, user_id=user, limit=limit, cursor=cursor)
        if as_json:
            print_json(page)
            return
        console.print(_table(list(page.items)))
        if page.next_cursor:
            console.print(f"There are more: --cursor {page.next_cursor}", style="dim", markup=False)


def _print(session: Session, as_json: bool) -> None:
    if as_json:
        print_json(session)
        return
    status = Text(session.status, style="bold cyan")
    console.print(Text(session.id, style="bold"), status, Text(f"version {session.version}", style="cyan"), sep="  ")
    facts = [
        ("user", session.user_id),
        ("created", moment(session.created_at)),
        ("active", session.last_active_at and moment(session.last_active_at)),
        ("expires", session.expires_at and moment(session.expires_at)),
        ("ended", session.ended_at and moment(session.ended_at)),
        ("because", session.reason),
        ("outcome", compact(session.outcome) if session.outcome else ""),
        ("metadata", compact(session.metadata) if session.metadata else ""),
        ("encrypted", "yes" if session.encrypted else ""),
    ]
    for name, value in facts:
        if value:
            console.print(Text(f"  {name:<10}", style="dim"), Text(str(value)), sep="")
    console.print(JSON(dumps(session.data)))


def _table(items: list[Session]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("session", "status", "user", "created", "active", "ended", "outcome"):
        table.add_column(name, overflow="ellipsis")
    for item in items:
        active = moment(item.last_active_at) if item.last_active_at else ""
        ended = moment(item.ended_at) if item.ended_at else ""
        outcome = compact(item.outcome, 50) if item.outcome else ""
        cells = (item.id, item.status, item.user_id or "", moment(item.created_at), active, ended, outcome)
        table.add_row(*map(Text, cells))
    return table
