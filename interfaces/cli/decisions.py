"""Commands on decisions and preferences, through the HTTP API."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from contextline import ContextClient, Decision, Preferences
from interfaces.cli.contexts import Agent, Cursor, Kind, Limit, Session, User
from interfaces.cli.failing import failing
from interfaces.cli.output import compact, console, moment, print_json
from interfaces.cli.processes import AsJson, Url

Outcome = Literal["success", "failure", "partial", "unknown"]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (decisions, decision, preferences):
        app.command()(command)


def decisions(
    session: Session = None,
    task: Annotated[str | None, typer.Option(help="Task id.")] = None,
    agent: Agent = None,
    user: User = None,
    kind: Kind = None,
    outcome: Annotated[Outcome | None, typer.Option(help="That turned out so.")] = None,
    feature: Annotated[list[str] | None, typer.Option("--feature", help="A feature; repeatable.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List decisions, newest first, and how they turned out."""
    with failing(), ContextClient(url) as client:
        page = client.list_decisions(
            session_id=session,
            task_id=task,
            agent_id=agent,
            user_id=user,
            type=kind,
            outcome=outcome,
            features=feature,
            limit=limit,
            cursor=cursor,
        )
        if as_json:
            print_json(page)
            return
        console.print(_decision_table(page.items))
        if page.next_cursor:
            console.print(f"There are more: --cursor {page.next_cursor}", style="dim", markup=False)


def decision(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="The decision's id.")],
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show a decision, and what came of it."""
    with failing(), ContextClient(url) as client:
        found = client.get_decision(decision_id)
        if as_json:
            print_json(found)
        else:
            _print_decision(found)


def preferences(
    user: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    kind: Kind = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Show what a user prefers, and how sure that is."""
    with failing(), ContextClient(url) as client:
        found = client.get_preferences(user, type=kind)
        if as_json:
            print_json(found)
        else:
            console.print(_preference_table(found))


def _decision_table(items: list[Decision]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("decision", "type", "session", "made", "decided", "outcome", "feedback"):
        table.add_column(name, justify="right" if name == "feedback" else "left", overflow="ellipsis")
    for item in items:
        outcome = f"{item.outcome}, overridden" if item.user_override else item.outcome
        score = f"{item.feedback.score:+.2f}" if item.feedback else ""
        decided = compact(item.decision, 40)
        table.add_row(
            *map(Text, (item.id, item.type, item.session_id, moment(item.created_at), decided, outcome, score))
        )
    return table


def _print_decision(found: Decision) -> None:
    console.print(Text(found.id, style="bold"), Text(f"version {found.version}", style="cyan"), sep="  ")
    override, feedback = found.user_override, found.feedback
    facts = [
        ("type", found.type),
        ("session", found.session_id),
        ("task", found.task_id),
        ("agent", found.agent_id),
        ("user", found.user_id),
        ("made", moment(found.created_at)),
        ("context", found.context_hash),
        ("features", ", ".join(found.features)),
        ("decided", compact(found.decision)),
        ("instead of", ", ".join(compact(other, 60) for other in found.alternatives)),
        ("confidence", None if found.confidence is None else f"{found.confidence:g}"),
        ("autonomous", "yes" if found.autonomous else ""),
        ("because", found.reasoning),
        ("outcome", found.outcome + (f"  {compact(found.outcome_details)}" if found.outcome_details else "")),
        ("overridden", override and f"by {override.by}, instead {compact(override.instead)}"),
        ("feedback", feedback and f"{feedback.score:+g}{f' by {feedback.by}' if feedback.by else ''}"),
        ("encrypted", "yes" if found.encrypted else ""),
    ]
    for name, value in facts:
        if value:
            console.print(Text(f"  {name:<11}", style="dim"), Text(str(value)), sep="")


def _preference_table(found: Preferences) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("type", "key", "value", "confidence", "observed", "last"):
        table.add_column(name, justify="right" if name in ("confidence", "observed") else "left", overflow="ellipsis")
    for item in found.items:
        sure = "set" if item.explicit else f"{item.confidence:.2f}"
        last = moment(item.last_observed) if item.last_observed else ""
        cells = (item.type, item.key, compact(item.value, 60), sure, str(item.observations), last)
        table.add_row(*map(Text, cells))
    return table
