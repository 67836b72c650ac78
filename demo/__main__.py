"""`python -m demo`: agent runs through the public client, into a store that is started for it and then removed."""

import argparse
import asyncio
import io
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from contextline import AsyncContextClient, ContextClient
from demo.load import Figures, load
from demo.made_runs import make_runs
from demo.runs import Run, RunFormatError, parse_runs, read_runs
from demo.server import data_folder, output_tail, running_store
from demo.show import show

WIDTH = 100
MADE = 24


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0, 1 with the reason printed, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    console = _console()
    # A plain `kill` must not leave a server behind: as SystemExit it runs every `finally`.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        runs = _runs(options, console)
    except (RunFormatError, OSError) as error:
        console.print(Text(f"The runs cannot be read: {error}"))
        return 1
    folder = Path(tempfile.mkdtemp(prefix="contextline-demo-")).resolve()
    if os.geteuid() == 0:
        # For root PostgreSQL runs as another user, and puts its data elsewhere if that one cannot pass through here.
        folder.chmod(0o711)
    try:
        return _demonstrate(runs, folder, console)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    finally:
        if options.keep:
            _say(console, "\nThe data is kept. To open it:")
            console.print(Text(f"  CONTEXTLINE_DATA_DIR={data_folder(folder)} contextline up"), soft_wrap=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _demonstrate(runs: list[Run], folder: Path, console: Console) -> int:
    try:
        _say(console, "Starting a store in a temporary folder ...")
        with running_store(folder) as url:
            figures = asyncio.run(_load(url, runs, console))
            _print_figures(console, runs, figures)
            with ContextClient(url) as client:
                show(client, runs, console, position=figures.position)
    except Exception as error:  # whatever it is, the server's side of it is what helps
        _say(console, f"\nThe demo failed: {error or type(error).__name__} ({type(error).__name__})")
        if tail := output_tail(folder):
            _say(console, "The last that the server wrote:")
            console.print(Text(tail), soft_wrap=True)
        return 1
    _say(
        console,
        "\nWhat next?\n"
        "  make demo RUNS=file     with your own recordings: docs/how-to/load-your-own-runs.md\n"
        "  make run                a store that stays\n"
        "  README.md               what else it does",
    )
    return 0


async def _load(url: str, runs: list[Run], console: Console) -> Figures:
    async with AsyncContextClient(url) as client:
        return await load(client, runs, console)


def _runs(options: argparse.Namespace, console: Console) -> list[Run]:
    if options.runs is None:
        count = MADE if options.limit is None else options.limit
        _say(
            console,
            f"These runs are made up by a seed ({options.seed}), not recorded: {_some(count, 'conversation')} with the "
            "customer service of a ferry line that does not exist. For recorded ones: make demo RUNS=file",
        )
        return parse_runs(json.dumps(make_runs(count, options.seed)).encode())
    runs = read_runs(options.runs)[: options.limit]
    if not runs:
        raise RunFormatError(f"{options.runs} holds no runs")
    _say(console, f"{_some(len(runs), 'run')} from {options.runs.name}.")
    return runs


def _print_figures(console: Console, runs: list[Run], figures: Figures) -> None:
    rate = figures.commands / figures.seconds if figures.seconds else 0
    _say(
        console,
        f"{_some(len(runs), 'run')} with {_some(figures.messages, 'message')} became "
        f"{_some(figures.sessions, 'session')} and {_some(figures.contexts, 'context')}: "
        f"{_some(figures.commands, 'command')} in {figures.seconds:.1f} seconds, {rate:.0f} a second, each of them "
        "stored before it was answered.",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--runs", type=Path, metavar="FILE", help="recorded runs, .json or .json.gz; without it, made")
    parser.add_argument("--limit", type=_positive, metavar="N", help=f"how many runs (made: {MADE}; recorded: all)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what made runs are made from (1)")
    parser.add_argument("--keep", action="store_true", help="leave the data where it is and say where")
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _console() -> Console:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Recorded text holds any character; a terminal or pipe that has fewer gets a question mark for it.
        sys.stdout.reconfigure(errors="replace")
    console = Console(highlight=False)
    # A pipe has no width, and a very wide terminal makes lines that nobody reads.
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _say(console: Console, text: str) -> None:
    """As it is: file names and recorded text may hold [brackets]."""
    console.print(Text(text))


if __name__ == "__main__":
    sys.exit(main())
