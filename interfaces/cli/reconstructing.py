"""`contextline sessions reconstruct`: all that is needed to go on with a session."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from contextline import ContextClient, Reconstruction
from interfaces.cli.contexts import instant
from interfaces.cli.failing import failing
from interfaces.cli.output import compact, console, moment, print_json
from interfaces.cli.processes import AsJson, Url


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("reconstruct")(reconstruct)


def reconstruct(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    as_of: Annotated[str | None, typer.Option(help="As it was at this instant (RFC 3339).")] = None,
    position: Annotated[int | None, typer.Option(min=0, help="As it was at this position of the log.")] = None,
    budget: Annotated[int | None, typer.Option("--bytes", min=1, help="At most so many bytes of contexts.")] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="At most so many tokens of contexts.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=400, help="At most so many contexts with data.")] = 50,
    recent: Annotated[int, typer.Option(min=0, max=200, help="So many of those changed last, without data.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show all that is needed to go on with a session, now or as it was at a point in its history."""
    when = instant(as_of)
    with failing(), ContextClient(url) as client:
        made = client.reconstruct(
            session, as_of=when, as_of_position=position, bytes=budget, tokens=tokens, limit=limit, recent=recent
        )
        if as_json:
            print_json(made)
        else:
            _print(made)


def _print(made: Reconstruction) -> None:
    console.print(f"{made.session.id}: {made.session.status}, as of {moment(made.at)}", markup=False)
    table = Table("", "what", "", box=None, header_style="dim")
    for task in made.active_tasks:
        table.add_row("task", task.id, f"{task.status} {compact(task.description, 60)}")
    for item in made.relevant:
        table.add_row(f"{item.relevance.score:.3f}", item.key, compact(item.data, 60))
    for decision in made.decisions:
        table.add_row("decision", decision.type, compact(decision.decision, 60))
    for preference in made.preferences.items if made.preferences else ():
        table.add_row("preference", f"{preference.type}/{preference.key}", compact(preference.value, 60))
    for conflict in made.conflicts:
        table.add_row("conflict", conflict.key, conflict.pointer)
    console.print(table)
    if not made.complete:
        console.print("The session had more contexts and tasks then; not all were looked at", style="yellow")
