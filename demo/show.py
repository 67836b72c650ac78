"""Prints what a person would want to see of stored runs: how they ended, and how one of them came about.

Everything printed is read back from the store; the runs themselves only say where it is worth looking.
"""

from collections import Counter, defaultdict
from itertools import pairwise

from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from contextline import ContextClient, HistoryEntry, Session
from demo.compact import message_line, operation_line, shorten
from demo.load import CONVERSATION
from demo.runs import Record, Run, steps

LATEST = 8


def show(client: ContextClient, runs: list[Run], console: Console, *, position: int) -> None:
    """Everything, from outcomes to a rollback. Waits for the read models to reach `position`."""
    _outcomes(client, console, position)
    run, key = most_telling(runs)
    versions = _conversation(client, console, run)
    _half_way(client, console, run, versions)
    rolled_back_at = _rollback(client, console, run, key)
    _listing(client, console, run, rolled_back_at)


def most_telling(runs: list[Run]) -> tuple[Run, str]:
    """The run whose records changed and were read most, and the key of the record that changed most in it.

    The key is that of the conversation when no record of any run was ever changed.
    """

    def score(run: Run) -> tuple[int, int]:
        return sum(_changes(run).values()), sum(isinstance(step, Record) for step in steps(run))

    run = max(runs, key=score)
    changes = _changes(run)
    return run, max(changes, key=lambda key: changes[key]) if changes else CONVERSATION


def _changes(run: Run) -> Counter[str]:
    """How often each record of a run was stored with other data than before."""
    stored: dict[str, list[Record]] = defaultdict(list)
    for step in steps(run):
        if isinstance(step, Record):
            stored[step.key].append(step)
    changes = {key: sum(old.data != new.data for old, new in pairwise(records)) for key, records in stored.items()}
    return Counter({key: count for key, count in changes.items() if count})


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(Rule(Text(text, style="bold"), align="left"))


def _line(console: Console, text: str) -> None:
    """Recorded text may hold [brackets], which rich would take for markup."""
    console.print(Text(text))


def _outcomes(client: ContextClient, console: Console, position: int) -> None:
    sessions: list[Session] = []
    cursor: str | None = None
    while True:
        page = client.list_sessions(limit=50, cursor=cursor, min_position=position)
        sessions += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    _title(console, "How the sessions ended")
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("outcome")
    table.add_column("sessions", justify="right")
    table.add_column("share", justify="right")
    for status, count in Counter(session.status for session in sessions).most_common():
        table.add_row(status, str(count), f"{count / len(sessions):.0%}")
    console.print(table)

    tasks: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for session in sessions:
        metadata = session.metadata or {}
        tasks[str(metadata["taskId"])].append((int(metadata["trial"]), session.status == "completed"))
    by_wins = Counter((sum(won for _, won in trials), len(trials)) for trials in tasks.values())
    always = sum(count for (won, of), count in by_wins.items() if won == of)
    never = sum(count for (won, _), count in by_wins.items() if won == 0)
    _line(
        console,
        f"\nWon in every trial: {always} of {len(tasks)} tasks; in none: {never}. "
        "Task by task, a mark for each trial (+ won, - lost):",
    )
    names = sorted(tasks, key=lambda name: (not name.isdigit(), name.zfill(20)))
    width = max(map(len, names))
    marks = (Text(f"{name:>{width}} " + "".join("-+"[won] for _, won in sorted(tasks[name]))) for name in names)
    console.print(Columns(marks, padding=(0, 3)))


def _conversation(client: ContextClient, console: Console, run: Run) -> int:
    """The end of a conversation's history; returns how many versions it has."""
    history = _history(client, CONVERSATION, run.session_id)
    _title(console, f"How the conversation of {run.session_id} grew: the last {min(LATEST, len(history))} changes")
    if run.instruction:
        _line(console, f"The task: {shorten(run.instruction, 170)}\n")
    _print_history(console, history[-LATEST:])
    return history[-1].version


def _half_way(client: ContextClient, console: Console, run: Run, versions: int) -> None:
    half = max(1, versions // 2)
    then = client.get(CONVERSATION, namespace=run.session_id, version=half)
    now = client.get(CONVERSATION, namespace=run.session_id)
    _title(console, "The same conversation half way through")
    _line(console, f"version {then.version:>3}: {len(then.data['messages']):>3} messages")
    _line(console, f"version {now.version:>3}: {len(now.data['messages']):>3} messages, as it is now")
    if then.data["messages"]:
        _line(console, f"The last message then: {message_line(then.data['messages'][-1], 76)}")
    difference = client.diff(CONVERSATION, then.version, now.version, namespace=run.session_id)
    _line(console, f"From one to the other: {len(difference.diff)} changes (RFC 6902).")


def _rollback(client: ContextClient, console: Console, run: Run, key: str) -> int:
    """Returns the position of the rollback."""
    before = _history(client, key, run.session_id)
    latest = before[-1].version
    target = 1 if key != CONVERSATION else max(1, latest // 2)
    _title(console, f"Rolling {key} of {run.session_id} back to version {target}")
    if key != CONVERSATION:
        _print_history(console, before[-LATEST:])
    result = client.rollback(
        key, target, namespace=run.session_id, changed_by="demo", reason="to show that nothing is lost"
    )
    _line(console, "\nThe line that the rollback left:")
    _print_history(console, [entry for entry in _history(client, key, run.session_id) if entry.version > latest])
    at_target = client.get(key, namespace=run.session_id, version=target)
    now = client.get(key, namespace=run.session_id)
    undone = client.get(key, namespace=run.session_id, version=latest)
    same = "holds the same data as" if now.data == at_target.data else "DIFFERS from"
    _line(console, f"\nThe rollback is itself version {result.version}. It {same} version {target},")
    kept = "can still be read: nothing was overwritten" if undone.version == latest else "is LOST"
    _line(console, f"and version {latest}, which it undid, {kept}.")
    return result.position


def _listing(client: ContextClient, console: Console, run: Run, position: int) -> None:
    # Lists are read models: without the position of the rollback this one might be older than that.
    page = client.list(session_id=run.session_id, type="record", limit=10, min_position=position)
    _title(console, f'What {run.session_id} knew: its contexts of type "record"')
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for name in ("key", "tags"):
        table.add_column(name)
    for name in ("version", "position"):
        table.add_column(name, justify="right")
    for item in page.items:
        table.add_row(Text(item.key), Text(", ".join(item.tags)), str(item.version), str(item.position))
    console.print(table)
    if page.next_cursor:
        _line(console, "… and more, by the cursor.")


def _history(client: ContextClient, key: str, namespace: str) -> list[HistoryEntry]:
    """All of it, oldest first."""
    entries: list[HistoryEntry] = []
    cursor: str | None = None
    while True:
        page = client.history(key, namespace=namespace, limit=100, cursor=cursor)
        entries += page.items
        cursor = page.next_cursor
        if cursor is None:
            return sorted(entries, key=lambda entry: entry.version)


def _print_history(console: Console, entries: list[HistoryEntry]) -> None:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    table.add_column("version", justify="right")
    table.add_column("by")
    table.add_column("what")
    table.add_column("change", overflow="fold")
    for entry in entries:
        lines = [operation_line(operation, 56) for operation in entry.diff[:3]]
        if len(entry.diff) > 3:
            lines.append(f"… and {len(entry.diff) - 3} more")
        if entry.reason:
            lines.append(f"reason: {shorten(entry.reason, 48)}")
        what = entry.action or entry.event
        table.add_row(str(entry.version), entry.actor or "-", what, Text("\n".join(lines) or "the same data"))
    console.print(table)
