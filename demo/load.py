"""Stores runs through the public client, as the agents' host would have while they ran."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from contextline import AsyncContextClient
from demo.runs import Message, Note, Record, Run, steps

CONVERSATION = "conversation"
NOTES = "notes"


@dataclass(slots=True)
class Figures:
    """What was stored. `position` is that of the last change: a reader who waits for it sees everything."""

    sessions: int = 0
    messages: int = 0
    contexts: int = 0
    commands: int = 0
    seconds: float = 0.0
    position: int = 0

    def count(self, position: int, *, created: bool = False) -> None:
        """One command was answered."""
        self.commands += 1
        self.contexts += created
        self.position = max(self.position, position)


async def load(client: AsyncContextClient, runs: list[Run], console: Console, *, at_once: int = 16) -> Figures:
    """Stores every run, `at_once` of them at a time. Raises what the client raises."""
    figures = Figures()
    waiting = iter(runs)
    columns = TextColumn("{task.description}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn()
    started = time.perf_counter()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("Storing runs", total=len(runs))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(at_once, len(runs))):
                    group.create_task(_work(client, waiting, figures, progress, bar))
        except ExceptionGroup as failures:
            # The first one says what is wrong; the others are the same for other runs.
            raise failures.exceptions[0] from None
    figures.seconds = time.perf_counter() - started
    return figures


async def _work(
    client: AsyncContextClient, waiting: Iterator[Run], figures: Figures, progress: Progress, bar: TaskID
) -> None:
    for run in waiting:
        await _load_run(client, run, figures)
        progress.advance(bar)


async def _load_run(client: AsyncContextClient, run: Run, figures: Figures) -> None:
    session_id = run.session_id
    session = await client.create_session(
        session_id, user_id=run.user_id, metadata={"taskId": run.task_id, "trial": run.trial}
    )
    figures.count(session.position)
    figures.sessions += 1
    conversation = await client.store(
        CONVERSATION,
        {"messages": []},
        namespace=session_id,
        session_id=session_id,
        user_id=run.user_id,
        type="conversation",
        metadata={"instruction": run.instruction} if run.instruction else None,
    )
    figures.count(conversation.position, created=conversation.created)
    noted = False
    for step in steps(run):
        match step:
            case Message(message):
                grown = await client.update(
                    CONVERSATION,
                    {"messages": [message]},
                    change_type="append",
                    namespace=session_id,
                    changed_by=message["role"],
                    action="message",
                )
                figures.count(grown.position)
                figures.messages += 1
            case Record(key, data, kind):
                # A record read again is stored again: its history says what the agent could know, and when.
                record = await client.store(
                    key, data, namespace=session_id, session_id=session_id, type="record", tags=[kind]
                )
                figures.count(record.position, created=record.created)
            case Note(text) if not noted:
                note = await client.store(
                    NOTES, {"notes": [text]}, namespace=session_id, session_id=session_id, type="notes"
                )
                figures.count(note.position, created=note.created)
                noted = True
            case Note(text):
                added = await client.update(
                    NOTES,
                    {"notes": [text]},
                    change_type="append",
                    namespace=session_id,
                    changed_by="assistant",
                    action="note",
                )
                figures.count(added.position)
    if run.won:
        ended = await client.complete_session(session_id, outcome={"reward": 1.0})
    else:
        reason = "the task's end state was not reached"
        ended = await client.fail_session(session_id, reason=reason, outcome={"reward": 0.0})
    figures.count(ended.position)
