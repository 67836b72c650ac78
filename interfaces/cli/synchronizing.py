"""Commands for concurrent writers and for many operations at once: `sync`, `conflicts`, `resolve`, `batch`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import typer
from msgspec import UNSET
from rich.text import Text

from contextline import BatchResult, Conflict, ContextClient, Resolution
from contextline.options import RuleTake, Strategy, SyncRule
from interfaces.cli.contexts import Action, By, Cursor, Expected, Key, Limit, Namespace, Reason
from interfaces.cli.data import read_json
from interfaces.cli.failing import failing
from interfaces.cli.output import compact, console, print_json
from interfaces.cli.processes import AsJson, Url

_TAKES = get_args(RuleTake)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (sync, conflicts, resolve, batch):
        app.command()(command)


def sync(
    key: Key,
    data: Annotated[str, typer.Argument(help="The state, as JSON; `-` reads standard input, @FILE a file.")],
    base: Annotated[int, typer.Option(min=0, help="The version that it began from; 0 for none.")],
    strategy: Annotated[Strategy, typer.Option(help="How conflicts are settled.")] = "auto",
    rule: Annotated[list[str] | None, typer.Option(help="POINTER=TAKE, such as /n=max; repeatable.")] = None,
    critical: Annotated[list[str] | None, typer.Option(help="A pointer where a person decides; repeatable.")] = None,
    namespace: Namespace = "",
    by: By = None,
    action: Action = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Bring a state together with what others changed since the version that it began from."""
    named = _given(rules=[_rule(text) for text in rule or ()] or None, critical=critical, changed_by=by, action=action)
    value = read_json(data)
    with failing(), ContextClient(url) as client:
        done = client.sync(key, value, base, namespace=namespace, strategy=strategy, **named, **_given(reason=reason))
        if as_json:
            print_json(done)
            return
        what = f"Brought {key} together" if done.changed else f"Nothing to change in {key}"
        console.print(f"{what}, version {done.version}", markup=False)
        for resolution in done.resolutions:
            _print_resolution(resolution)
        for conflict in done.conflicts:
            _print_conflict(conflict)


def conflicts(
    key: Key,
    namespace: Namespace = "",
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """The open conflicts of a context."""
    with failing(), ContextClient(url) as client:
        page = client.conflicts(key, namespace=namespace, limit=limit, cursor=cursor)
        if as_json:
            print_json(page)
            return
        for conflict in page.items:
            _print_conflict(conflict)
        if not page.items:
            console.print("none is open")
        if page.next_cursor:
            console.print(f"There are more: --cursor {page.next_cursor}", style="dim", markup=False)


def resolve(
    key: Key,
    conflict: Annotated[str, typer.Argument(help="The conflict's id.")],
    take: Annotated[Literal["ours", "theirs"] | None, typer.Option(help="The side to take.")] = None,
    value: Annotated[str | None, typer.Option(help="A value to take instead, as JSON.")] = None,
    namespace: Namespace = "",
    expected_version: Expected = None,
    by: By = None,
    reason: Reason = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Decide an open conflict: leave what stands there (ours), take theirs, or a value."""
    if (take is None) == (value is None):
        raise typer.BadParameter("say what to take: --take ours, --take theirs or --value JSON")
    given = UNSET if value is None else read_json(value)
    named = _given(expected_version=expected_version, changed_by=by, reason=reason)
    with failing(), ContextClient(url) as client:
        done = client.resolve(key, conflict, take or "value", given, namespace=namespace, **named)
        if as_json:
            print_json(done)
            return
        console.print(f"Resolved, version {done.version}; {done.open_conflicts} open", markup=False)
        _print_resolution(done.resolution)


def batch(
    operations: Annotated[str, typer.Argument(help="A JSON array; `-` reads standard input, @FILE a file.")],
    independent: Annotated[bool, typer.Option("--independent", help="Each for itself, not all or nothing.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Store, update and delete many contexts at once, all or nothing. Exit status 1 where anything was refused."""
    asked = read_json(operations)
    if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
        raise typer.BadParameter("an array of objects is needed here")
    with failing(), ContextClient(url) as client:
        done = client.batch(asked, mode="independent" if independent else "atomic")
    if as_json:
        print_json(done)
    else:
        _print_batch(done)
    if done.failed:
        raise typer.Exit(1)


def _print_batch(done: BatchResult) -> None:
    for index, result in enumerate(done.results):
        line = Text(f"{index:>4}  {result.op or '?'} {result.key or '?'}")
        if result.error is None:
            line.append(f"  version {result.version}", style="cyan")
        else:
            line.append(f"  {result.error}", style="red")
        console.print(line)
    console.print(f"{done.succeeded} done, {done.failed} refused")


def _print_conflict(conflict: Conflict) -> None:
    whose = f" by {conflict.actor}" if conflict.actor else ""
    console.print(f"  {conflict.id}  {conflict.pointer or '(all)'}{whose}", style="yellow", markup=False)
    for name in ("base", "ours", "theirs", "current"):
        value = getattr(conflict, name)
        if value is not UNSET:
            console.print(f"      {name:<8} {compact(value, 100)}", markup=False)


def _print_resolution(resolution: Resolution) -> None:
    result = "removed" if resolution.result is UNSET else compact(resolution.result, 100)
    console.print(f"  {resolution.pointer or '(all)'}  {resolution.strategy}: {result}", markup=False)


def _rule(text: str) -> SyncRule:
    pointer, separator, take = text.rpartition("=")
    if not separator or take not in _TAKES:
        raise typer.BadParameter(f"--rule takes POINTER=TAKE, where TAKE is one of {', '.join(_TAKES)}")
    return {"pointer": pointer, "take": take}  # type: ignore[typeddict-item]


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
