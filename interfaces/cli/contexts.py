"""Commands on contexts, through the HTTP API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from contextline import ContextClient
from interfaces.cli.data import read_json, read_object
from interfaces.cli.failing import failing
from interfaces.cli.output import (
    console,
    context_table,
    print_context,
    print_diff,
    print_history,
    print_json,
)
from interfaces.cli.processes import AsJson, Url

Key = Annotated[str, typer.Argument(help="The context's key.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Its namespace.")]
Expected = Annotated[int | None, typer.Option(help="Refuse unless this is the current version.")]
By = Annotated[str | None, typer.Option("--by", help="Who makes the change.")]
Action = Annotated[str | None, typer.Option(help="What the change is.")]
Reason = Annotated[str | None, typer.Option(help="Why it is made.")]
Session = Annotated[str | None, typer.Option(help="Session id.")]
Agent = Annotated[str | None, typer.Option(help="Agent id.")]
User = Annotated[str | None, typer.Option(help="User id.")]
Kind = Annotated[str | None, typer.Option("--type", help="Type.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A tag; repeatable.")]
Ttl = Annotated[str | None, typer.Option(help="Seconds to live from the last change, or never.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")]
Cursor = Annotated[str | None, typer.Option(help="Where the last page ended.")]
ChangeType = Literal["replace", "merge", "append", "mergePatch", "jsonPatch", "increment"]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (put, get, update, delete, history, versions, diff, rollback):
        app.command()(command)
    app.command("list")(list_contexts)


def put(
    key: Key,
    data: Annotated[str, typer.Argument(help="JSON; `-` reads standard input, @FILE a file.")],
    namespace: Namespace = "",
    session: Session = None,
    agent: Agent = None,
    user: User = None,
    kind: Kind = None,
    tag: Tags = None,
    ttl: Ttl = None,
    metadata: Annotated[str | None, typer.Option(help="A JSON object kept with the context.")] = None,
    encrypt: Annotated[
        bool | None, typer.Option("--encrypt/--in-the-clear", help="Whether to encrypt it. [default: as before]")
    ] = None,
    if_absent: Annotated[bool, typer.Option("--if-absent", help="Refuse if it exists.")] = False,
    expected_version: Expected = None,
    by: By = None,
    action: Action = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Store a context; over a live one it replaces data and options."""
    given = named(
        session_id=session,
        agent_id=agent,
        user_id=user,
        type=kind,
        tags=tag,
        metadata=read_object(metadata),
        encrypt=encrypt,
        expected_version=expected_version,
        changed_by=by,
        action=action,
        reason=reason,
    )
    value = read_json(data)
    with failing(), ContextClient(url) as client:
        stored = client.store(key, value, namespace=namespace, only_if_absent=if_absent, **given, **_ttl(ttl))
        if as_json:
            print_json(stored)
        else:
            console.print(f"{'Stored' if stored.created else 'Replaced'} {key}, version {stored.version}", markup=False)


def get(
    key: Key,
    namespace: Namespace = "",
    version: Annotated[int | None, typer.Option(min=1, help="As it was at this version.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As it was at this instant (RFC 3339).")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show a context, now or as it was."""
    when = instant(as_of)
    with failing(), ContextClient(url) as client:
        context = client.get(key, namespace=namespace, version=version, as_of=when)
        if as_json:
            print_json(context)
        else:
            print_context(context)


def update(
    key: Key,
    data: Annotated[str | None, typer.Argument(help="JSON; `-` reads standard input, @FILE a file.")] = None,
    change: Annotated[ChangeType, typer.Option(help="How data is applied.")] = "replace",
    namespace: Namespace = "",
    tag: Tags = None,
    ttl: Ttl = None,
    checkpoint: Annotated[str | None, typer.Option(help="Name the new version.")] = None,
    expected_version: Expected = None,
    by: By = None,
    action: Action = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Change a part of a context, or its options."""
    given = named(
        tags=tag,
        checkpoint=checkpoint,
        expected_version=expected_version,
        changed_by=by,
        action=action,
        reason=reason,
    )
    if data is not None:
        given["data"] = read_json(data)
    with failing(), ContextClient(url) as client:
        changed = client.update(key, namespace=namespace, change_type=change, **given, **_ttl(ttl))
        if as_json:
            print_json(changed)
        else:
            console.print(f"Updated {key}, version {changed.version}", markup=False)


def delete(
    key: Key,
    namespace: Namespace = "",
    expected_version: Expected = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Delete a context; its history stays."""
    given = named(expected_version=expected_version, changed_by=by, reason=reason)
    with failing(), ContextClient(url) as client:
        deleted = client.delete(key, namespace=namespace, **given)
        if as_json:
            print_json(deleted)
        else:
            console.print(f"Deleted {key}, version {deleted.version}; its history stays", markup=False)


def list_contexts(
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Of this namespace.")] = None,
    session: Session = None,
    agent: Agent = None,
    user: User = None,
    kind: Kind = None,
    tag: Tags = None,
    prefix: Annotated[str | None, typer.Option(help="Keys that begin with this.")] = None,
    order: Annotated[Literal["created", "-created", "key"], typer.Option(help="In this order.")] = "created",
    limit: Limit = 50,
    cursor: Cursor = None,
    data: Annotated[bool, typer.Option("--data", help="With their data.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List live contexts, by filters."""
    given = named(
        namespace=namespace, session_id=session, agent_id=agent, user_id=user, type=kind, tags=tag, key_prefix=prefix
    )
    with failing(), ContextClient(url) as client:
        page = client.list(order=order, limit=limit, cursor=cursor, include_data=data, **given)
        if as_json:
            print_json(page)
            return
        console.print(context_table(list(page.items), data))
        if page.next_cursor:
            console.print(f"There are more: --cursor {page.next_cursor}", style="dim", markup=False)


def history(
    key: Key,
    namespace: Namespace = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 100,
    cursor: Cursor = None,
    newest_first: Annotated[bool, typer.Option("--newest-first", help="The last changes first.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Who changed what, when and why."""
    order: Literal["asc", "desc"] = "desc" if newest_first else "asc"
    with failing(), ContextClient(url) as client:
        page = client.history(key, namespace=namespace, limit=limit, cursor=cursor, order=order)
        if as_json:
            print_json(page)
            return
        print_history(list(page.items))
        if page.next_cursor:
            console.print(f"There are more: --cursor {page.next_cursor}", style="dim")


def versions(key: Key, namespace: Namespace = "", as_json: AsJson = False, url: Url = None) -> None:
    """All versions of a context, with the names of checkpoints."""
    with failing(), ContextClient(url) as client:
        found = client.versions(key, namespace=namespace)
        if as_json:
            print_json({"items": found})
            return
        for item in found:
            name = f"  checkpoint {item.checkpoint}" if item.checkpoint else ""
            console.print(f"{item.version:>6}  {item.at:%Y-%m-%d %H:%M:%S}  {item.event}{name}", markup=False)


def diff(
    key: Key,
    from_version: Annotated[int, typer.Argument(help="From this version")],
    to_version: Annotated[int, typer.Argument(help="to this one.")],
    namespace: Namespace = "",
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """What differs between two versions."""
    with failing(), ContextClient(url) as client:
        found = client.diff(key, from_version, to_version, namespace=namespace)
        if as_json:
            print_json(found)
        else:
            print_diff(found)


def rollback(
    key: Key,
    version: Annotated[str, typer.Argument(help="A version, or the name of a checkpoint.")],
    namespace: Namespace = "",
    expected_version: Expected = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Make a context what it was at a version; that is a new version."""
    target: int | str = int(version) if version.isdecimal() else version
    given = named(expected_version=expected_version, changed_by=by, reason=reason)
    with failing(), ContextClient(url) as client:
        done = client.rollback(key, target, namespace=namespace, **given)
        if as_json:
            print_json(done)
        else:
            console.print(f"{key} is as at version {done.to_version} again, as version {done.version}", markup=False)


def named(**options: Any) -> dict[str, Any]:
    """Those that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _ttl(value: str | None) -> dict[str, Any]:
    if value is None:
        return {}
    if value == "never":
        return {"ttl": None}
    if not value.isdecimal():
        raise typer.BadParameter("--ttl takes seconds, or never")
    return {"ttl": int(value)}


def instant(value: str | None) -> datetime | None:
    """An instant as it is written on the command line.

    Raises:
        typer.BadParameter: it is none, or has no time zone.
    """
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter("--as-of takes an RFC 3339 instant, such as 2026-01-31T12:00:00Z") from None
    if instant.tzinfo is None:
        raise typer.BadParameter("--as-of needs a time zone, such as Z or +02:00")
    return instant
