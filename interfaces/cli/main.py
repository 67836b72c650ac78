"""The command line: exit status 0; 1 where something was refused or failed, with the reason on stderr; 2 for usage."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from interfaces.cli import (
    branches,
    capture,
    compression,
    contexts,
    decisions,
    erasure,
    keys,
    processes,
    reconstructing,
    session_branches,
    sessions,
    synchronizing,
    tasks,
)

app = typer.Typer(
    name="contextline",
    help="An event-sourced context store for AI agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"contextline {version('contextline')}")
        raise typer.Exit


@app.callback()
def options(
    show: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    """An event-sourced context store for AI agents."""


processes.register(app)
contexts.register(app)
decisions.register(app)
synchronizing.register(app)
branches.register(app)
capture.register(app)
erasure.register(app)
session_branches.register(sessions.app)
reconstructing.register(sessions.app)
app.add_typer(sessions.app, name="sessions")
app.add_typer(tasks.app, name="tasks")
app.add_typer(compression.app, name="compression")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Run it."""
    try:
        app(prog_name="contextline")
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        sys.stderr.close()
        raise SystemExit(1) from None
