"""How results look: JSON for machines, text that reads well for people."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.json import JSON
from rich.table import Table
from rich.text import Text

from contextline import Context, DiffResult, HistoryEntry

# A pipe has no width of its own; 80 columns would fold lines that a reader of the pipe wants whole.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def print_json(value: Any) -> None:
    """One JSON document on standard output, by the wire's names."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    sys.stdout.flush()


def print_context(context: Context) -> None:
    """A context: what it is, then its data."""
    console.print(Text(context.key, style="bold"), Text(f"version {context.version}", style="cyan"), sep="  ")
    facts = [
        ("namespace", context.namespace),
        ("session", context.session_id),
        ("agent", context.agent_id),
        ("user", context.user_id),
        ("type", context.type),
        ("tags", ", ".join(context.tags)),
        ("created", moment(context.created_at)),
        ("updated", moment(context.updated_at)),
        ("expires", moment(context.expires_at) if context.expires_at else "never"),
        ("metadata", compact(context.metadata) if context.metadata else ""),
        ("encrypted", "yes" if context.encrypted else ""),
    ]
    for name, value in facts:
        if value:
            console.print(Text(f"  {name:<10}", style="dim"), Text(str(value)), sep="")
    console.print(JSON(dumps(context.data)))


def context_table(items: list[Context], with_data: bool) -> Table:
    """Contexts, a line each."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("namespace", "key", "version", "type", "session", "tags", "updated", *(["data"] if with_data else [])):
        table.add_column(name, justify="right" if name == "version" else "left", overflow="ellipsis")
    for item in items:
        cells = [
            item.namespace,
            item.key,
            str(item.version),
            item.type,
            item.session_id or "",
            ", ".join(item.tags),
            moment(item.updated_at),
        ]
        table.add_row(*map(Text, cells), *([Text(compact(item.data, 60))] if with_data else []))
    return table


def print_history(entries: list[HistoryEntry]) -> None:
    """Changes, oldest first as given: a line for each, and its diff below it."""
    for entry in entries:
        line = Text(f"{entry.version:>6}  ", style="cyan")
        line.append(f"{moment(entry.at)}  ", style="dim")
        line.append(entry.event, style="bold")
        if entry.ancestor:
            line.append(f"  of {entry.key}", style="dim")
        if entry.erased:
            line.append("  erased", style="red")
        for name, value in (("by", entry.actor), ("action", entry.action), ("because", entry.reason)):
            if value:
                line.append(f"  {name} {value}")
        console.print(line)
        print_patch([dict(operation) for operation in entry.diff], indent=8)


def print_diff(found: DiffResult) -> None:
    """A diff between two versions."""
    console.print(Text(f"version {found.from_version} to {found.to_version}", style="bold"))
    print_patch([dict(operation) for operation in found.diff], indent=2)
    for name, change in found.attributes.items():
        console.print(f"  {name}: {compact(change['from'])} → {compact(change['to'])}", markup=False)
    if not found.diff and not found.attributes:
        console.print("  nothing differs")


def print_patch(patch: list[dict[str, Any]], indent: int) -> None:
    """JSON Patch operations, a line each."""
    marks = {"add": ("+", "green"), "remove": ("-", "red"), "replace": ("~", "yellow")}
    for operation in patch:
        mark, style = marks.get(operation["op"], ("·", "blue"))
        line = Text(" " * indent + f"{mark} {operation['path'] or '(all)'}", style=style)
        if "value" in operation:
            line.append(f"  {compact(operation['value'], 100)}", style="default")
        if "from" in operation:
            line.append(f"  {operation['op']} from {operation['from']}", style="default")
        console.print(line, overflow="ellipsis", no_wrap=True)


def moment(instant: datetime) -> str:
    """An instant in UTC, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def compact(value: Any, limit: int = 200) -> str:
    """JSON on one line, cut at a length."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def dumps(value: Any) -> str:
    """JSON to be coloured and indented."""
    return json.dumps(value, ensure_ascii=False)
