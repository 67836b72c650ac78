"""Commands on checkpoints, and on contexts that come from others: fork, merge, split."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from contextline import ContextClient
from interfaces.cli.contexts import By, Cursor, Expected, Key, Limit, Namespace, Reason, Session
from interfaces.cli.failing import failing
from interfaces.cli.output import compact, console, moment, print_diff, print_json
from interfaces.cli.processes import AsJson, Url

Name = Annotated[str, typer.Argument(help="The name of a checkpoint.")]
Strategy = Literal["last_write_wins", "first_write_wins", "deep_merge", "three_way"]
OnConflict = Literal["refuse", "last", "first", "keep"]

checkpoint = typer.Typer(name="checkpoint", help="Checkpoints: create, list, compare, restore.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(checkpoint)
    for command in (fork, merge, split):
        app.command()(command)


@checkpoint.command("create")
def create_checkpoint(
    key: Key,
    name: Annotated[str | None, typer.Argument(help="Its name; one is made if none is given.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    namespace: Namespace = "",
    expected_version: Expected = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Give what a context is now a name."""
    options = _named(namespace=namespace, expected_version=expected_version, changed_by=by, reason=reason)
    with failing(), ContextClient(url) as client:
        made = client.checkpoint(key, name, description=description, **options)
        if as_json:
            print_json(made)
        else:
            console.print(f"Checkpoint {made.checkpoint.name} of {key}, version {made.version}", markup=False)


@checkpoint.command("list")
def list_checkpoints(
    key: Key,
    namespace: Namespace = "",
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """The checkpoints of a context, automatic ones too."""
    with failing(), ContextClient(url) as client:
        page = client.checkpoints(key, namespace=namespace, limit=limit, cursor=cursor)
        if as_json:
            print_json(page)
            return
        for item in page.items:
            description = f"  {item.description}" if item.description else ""
            line = f"{item.version:>6}  {moment(item.at)}  {item.kind:<9}  {item.name}{description}"
            console.print(line, markup=False)
        if page.next_cursor:
            console.print(f"There are more: --cursor {page.next_cursor}", style="dim", markup=False)


@checkpoint.command("compare")
def compare_checkpoints(
    key: Key,
    name: Name,
    other: Annotated[str | None, typer.Argument(help="Another one; left out: what is there now.")] = None,
    namespace: Namespace = "",
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """What has changed since a checkpoint, or between two."""
    with failing(), ContextClient(url) as client:
        found = client.compare(key, name, other, namespace=namespace)
        print_json(found) if as_json else print_diff(found)


@checkpoint.command("restore")
def restore_checkpoint(
    key: Key,
    name: Name,
    namespace: Namespace = "",
    expected_version: Expected = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Make a context what it was at a checkpoint; that is a new version."""
    options = _named(namespace=namespace, expected_version=expected_version, changed_by=by, reason=reason)
    with failing(), ContextClient(url) as client:
        done = client.restore(key, name, **options)
        if as_json:
            print_json(done)
        else:
            told = f"{key} is as at {name} again, as version {done.version}; before it was {done.automatic}"
            console.print(told, markup=False)


def fork(
    key: Key,
    target: Annotated[str, typer.Argument(help="The key of the branch.")],
    namespace: Namespace = "",
    into: Annotated[str | None, typer.Option(help="Namespace of the branch. [default: the same]")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="From this version.")] = None,
    checkpoint_name: Annotated[str | None, typer.Option("--checkpoint", help="From this checkpoint.")] = None,
    session: Session = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Begin a branch: a context with what another one is, or was."""
    options = _named(namespace=namespace, session_id=session, changed_by=by, reason=reason)
    with failing(), ContextClient(url) as client:
        done = client.fork(key, _place(target, into), version=version, checkpoint=checkpoint_name, **options)
        if as_json:
            print_json(done)
        else:
            console.print(f"{done.key} begins as {key} is at version {done.parent.version}", markup=False)


def merge(
    target: Annotated[str, typer.Argument(help="The key of what they are merged into.")],
    sources: Annotated[list[str], typer.Argument(help="The keys of what is merged; KEY@VERSION takes a version.")],
    strategy: Annotated[Strategy, typer.Option(help="How.")] = "deep_merge",
    on_conflict: Annotated[OnConflict | None, typer.Option(help="With three_way. [default: refuse]")] = None,
    ignore_missing: Annotated[bool, typer.Option("--ignore-missing", help="Merge what is there.")] = False,
    namespace: Namespace = "",
    session: Session = None,
    expected_version: Expected = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Merge contexts into a new one, or into a live one, which then comes first."""
    options = _named(
        namespace=namespace, session_id=session, expected_version=expected_version, changed_by=by, reason=reason
    )
    with failing(), ContextClient(url) as client:
        done = client.merge(
            [_source(source) for source in sources],
            target,
            strategy,
            on_conflict=on_conflict,
            ignore_missing=ignore_missing,
            **options,
        )
        if as_json:
            print_json(done)
            return
        merged = ", ".join(f"{source.key}@{source.version}" for source in done.sources)
        console.print(f"Merged {merged} into {done.key}, version {done.version}", markup=False)
        for missing in done.missing:
            console.print(f"  {missing.key} is not there", markup=False)
        for conflict in done.conflicts:
            theirs = f": {compact(conflict.theirs, 60)}" if conflict.taken == "theirs" else ""
            console.print(f"  conflict at {conflict.pointer or '(all)'}, {conflict.taken}{theirs}", markup=False)


def split(
    key: Key,
    parts: Annotated[list[str], typer.Argument(help="POINTER=KEY for each part, such as /steps=plan-steps.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the parts out of the context.")] = False,
    namespace: Namespace = "",
    expected_version: Expected = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Make contexts of parts of one, all or none."""
    options = _named(namespace=namespace, expected_version=expected_version, changed_by=by, reason=reason)
    targets: dict[str, Any] = {}
    for part in parts:
        pointer, equals, target = part.rpartition("=")
        if not equals or pointer in targets:
            raise typer.BadParameter(f"{part}: name each part once, as POINTER=KEY")
        targets[pointer] = target
    with failing(), ContextClient(url) as client:
        done = client.split(key, targets, remove_from_source=remove, **options)
        if as_json:
            print_json(done)
            return
        for item in done.targets:
            console.print(f"{item.pointer} is {item.key} now, version {item.version}", markup=False)


def _place(key: str, namespace: str | None) -> Any:
    return {"key": key} if namespace is None else {"key": key, "namespace": namespace}


def _source(text: str) -> Any:
    """A key that ends like a version is named with one."""
    key, at, version = text.rpartition("@")
    return {"key": key, "version": int(version)} if at and key and version.isdecimal() else {"key": text}


def _named(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
