"""`contextline erase`: what is encrypted, gone for good."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from contextline import ContextClient, ErasedAll, ErasedContext
from interfaces.cli.contexts import By, Namespace, Reason
from interfaces.cli.failing import failing
from interfaces.cli.output import console, print_json
from interfaces.cli.processes import AsJson, Url


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(erase)


def erase(
    key: Annotated[str | None, typer.Argument(help="The key of a context.")] = None,
    namespace: Namespace = "",
    session: Annotated[str | None, typer.Option(help="Erase a session and its contexts.")] = None,
    user: Annotated[str | None, typer.Option(help="Erase a user's sessions and contexts.")] = None,
    by: By = None,
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Destroy the keys of what was stored encrypted; nothing, no backup either, gives it back."""
    named = [name for name in (key, session, user) if name is not None]
    if len(named) != 1:
        raise typer.BadParameter("name one to erase: a KEY, --session or --user")
    what = f"context {key}" if key is not None else f"session {session}" if session is not None else f"user {user}"
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise typer.BadParameter("erasing can't be undone: confirm it with --yes")
        typer.confirm(f"Erase the {what} for good? No backup gives it back.", abort=True)
    with failing(), ContextClient(url) as client:
        if key is not None:
            done = client.erase(key, namespace=namespace, reason=reason, changed_by=by)
            print_json(done) if as_json else _print_context(done)
            return
        if session is not None:
            found = client.erase_session(session, reason=reason, changed_by=by)
        else:
            assert user is not None
            found = client.erase_user(user, reason=reason, changed_by=by)
        print_json(found) if as_json else _print_all(what, found)


def _print_context(done: ErasedContext) -> None:
    console.print(f"Erased {done.key}, version {done.version}", markup=False)
    if done.clear_versions:
        console.print(
            f"Stored in the clear, and so still in the log: versions {_ranges(done.clear_versions)}", style="yellow"
        )


def _print_all(what: str, done: ErasedAll) -> None:
    counts = [f"{done.erased_contexts} contexts", f"{done.erased_sessions} sessions"]
    counts += [f"{done.erased_tasks} tasks"] if done.erased_tasks else []
    counts += [f"{done.erased_decisions} decisions"] if done.erased_decisions else []
    counts += ["preferences"] if done.erased_preferences else []
    console.print(f"Erased the {what}: {', '.join(counts)}", markup=False)
    if done.clear_total:
        console.print(f"Stored in the clear, and so still in the log: {done.clear_total}", style="yellow")
        for context in done.clear_contexts:
            place = f" in {context.namespace}" if context.namespace else ""
            console.print(f"  context {context.key}{place}{_versions(context.versions)}", markup=False)
        for session in done.clear_sessions:
            console.print(f"  session {session.id}{_versions(session.versions)}", markup=False)
        for task in done.clear_tasks:
            console.print(f"  task {task.id}{_versions(task.versions)}", markup=False)
        for decision in done.clear_decisions:
            console.print(f"  decision {decision.id}{_versions(decision.versions)}", markup=False)
        for preferences in done.clear_preferences:
            console.print(f"  preferences of {preferences.user_id}{_versions(preferences.versions)}", markup=False)
        listed = len(done.clear_contexts) + len(done.clear_sessions) + len(done.clear_tasks)
        listed += len(done.clear_decisions) + len(done.clear_preferences)
        if listed < done.clear_total:
            console.print(f"  and {done.clear_total - listed} more")


def _versions(ranges: list[tuple[int, int]] | None) -> str:
    return f", versions {_ranges(ranges)}" if ranges else ""


def _ranges(ranges: list[tuple[int, int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in ranges)
