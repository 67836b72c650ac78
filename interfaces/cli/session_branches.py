"""`contextline sessions branch`: go on differently from a point in a session's history."""

from __future__ import annotations

from typing import Annotated

import typer

from contextline import ContextClient
from interfaces.cli.contexts import By, instant
from interfaces.cli.failing import failing
from interfaces.cli.output import console, print_json
from interfaces.cli.processes import AsJson, Url


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("branch")(branch)


def branch(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    to: Annotated[str | None, typer.Option(help="The id of the branch. [default: one is made]")] = None,
    as_of: Annotated[str | None, typer.Option(help="As it was at this instant (RFC 3339).")] = None,
    position: Annotated[int | None, typer.Option(min=0, help="As it was at this position of the log.")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds to wait for the copies.")] = 30.0,
    by: By = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Begin a session with copies of all that belonged to another, now or at a point in its history."""
    when = instant(as_of)
    with failing(), ContextClient(url) as client:
        branched = client.branch_session(
            session, new_session_id=to, as_of=when, position=position, timeout=timeout, changed_by=by
        )
        if as_json:
            print_json(branched)
            return
        point = branched.branched_from
        at = f" as of {point.at.isoformat()} (position {point.position})" if point else ""
        console.print(f"{branched.id} is a branch of {session}{at}", markup=False)
        if not branched.complete:
            console.print("Its contexts are still being copied: `contextline status` tells how far", style="yellow")
