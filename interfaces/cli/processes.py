"""Commands that run the store: up, serve, project, migrate, status.

What only the server needs is imported where it is used: a command that asks a question should answer at once.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from contextline import ContextClient
from infrastructure.settings import Settings, SettingsError, load_settings
from interfaces.cli.failing import failing
from interfaces.cli.output import console, print_json

AsJson = Annotated[bool, typer.Option("--json", help="JSON for machines.")]
Url = Annotated[str | None, typer.Option("--url", help="The server's address. [CONTEXTLINE_URL]")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (up, serve, project, migrate, status):
        app.command()(command)


def up() -> None:
    """Start everything on this machine, PostgreSQL included, and serve until Ctrl-C."""
    from interfaces.cli.up import up as run_everything

    with failing():
        settings = load_settings()
        settings.check_exposure()
        run_everything(settings, console)


def serve(
    listener: Annotated[int | None, typer.Option(hidden=True, help="A listening socket to inherit.")] = None,
) -> None:
    """Run the HTTP API on CONTEXTLINE_DATABASE_URL."""
    from interfaces.cli import server

    with failing():
        settings = load_settings()
        settings.check_exposure()
        server.configure_logging(settings)
        server.watch_parent()
        inherited = socket.socket(fileno=listener) if listener is not None else server.bind(settings)
        with inherited:
            server.serve(settings, _database_url(settings), inherited)


def project(
    names: Annotated[list[str] | None, typer.Argument(help="Read models to run, or policies.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Run what follows the log: read models, which keep tables up to date, and policies, which act on what happens."""
    from interfaces.bootstrap import FOLLOWERS
    from interfaces.cli import server

    with failing():
        wanted = list(FOLLOWERS) if everything else names or []
        unknown = [name for name in wanted if name not in FOLLOWERS]
        if unknown or not wanted:
            raise typer.BadParameter(f"name what to run, or --all; there are: {', '.join(FOLLOWERS)}")
        settings = load_settings()
        server.configure_logging(settings)
        server.watch_parent()
        server.project(settings, _database_url(settings), wanted)


def migrate() -> None:
    """Bring the database at CONTEXTLINE_DATABASE_URL up to this version; its user must own it."""
    from infrastructure.postgres.migrate import migrate as apply_migrations

    with failing():
        done = apply_migrations(_database_url(load_settings()))
        for name in done:
            console.print(f"Applied migration {name}")
        if not done:
            console.print("The database is up to date")


def status(
    projection: Annotated[str | None, typer.Option(help="Check one of them, at the database itself.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Whether the store works and how far its read models are; exit status 1 if it doesn't."""
    with failing():
        if projection is not None:
            _projection_status(projection, as_json)
            return
        with ContextClient(url) as client:
            health, found = client.health(), client.projections()
        if as_json:
            print_json({"health": health, "projections": found})
        else:
            console.print(f"The store is {health.status}", style="green" if health.status == "healthy" else "yellow")
            for name, check in health.checks.items():
                console.print(f"  {name}: {check['status']}  {check.get('detail', '')}", markup=False)
            table = Table(box=None, header_style="bold", pad_edge=False)
            for name in ("read model", "version", "position", "behind", "seconds", "error"):
                table.add_column(name)
            for item in found:
                cells = (f"v{item.version}", item.position, f"{item.lag} events", f"{item.lag_seconds:.1f}")
                table.add_row(item.name, *map(str, cells), Text(item.error or ""))
            console.print(table)
        if health.status == "unhealthy":
            raise SystemExit(1)


def _projection_status(name: str, as_json: bool) -> None:
    from interfaces.bootstrap import utc_now
    from interfaces.cli.server import registry_status
    from projections.engine.registry import STALE_AFTER

    found = asyncio.run(registry_status(_database_url(load_settings())))
    live = next((status for status in found if status.name == name and status.live), None)
    if live is None:
        raise SettingsError(f"the read model {name} has never run on this database")
    age = (utc_now() - live.looked_at).total_seconds()
    document: dict[str, Any] = {"name": name, "position": live.position, "lag": live.lag, "lookedSecondsAgo": age}
    if as_json:
        print_json(document | {"error": live.error})
    else:
        console.print(f"{name}: at {live.position}, {live.lag} events behind, looked {age:.1f} s ago", markup=False)
    if live.error or age > STALE_AFTER:
        raise SystemExit(1)


def _database_url(settings: Settings) -> str:
    if settings.database_url is None:
        raise SettingsError(
            "CONTEXTLINE_DATABASE_URL is not set: name a PostgreSQL, or run everything with `contextline up`"
        )
    # Children must not hand them on to what they start.
    for name in ("CONTEXTLINE_DATABASE_URL", "CONTEXTLINE_MASTER_KEY"):
        os.environ.pop(name, None)
    return settings.database_url.get_secret_value()
