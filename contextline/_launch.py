"""Starts the server's command line in a process of its own, with the server's folders first on its path.

The folders (`domain`, `application`, …) travel inside this package as `_server/` and are in nobody's way: only the
process started here sees them by their own names. Python's safe-path flag keeps the working folder, which may well have
a `domain` package of its own, off that path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def server_root() -> Path:
    """The folder that holds the server's packages: inside the wheel, or the checkout's root."""
    package = Path(__file__).resolve().parent
    packed = package / "_server"
    return packed if packed.is_dir() else package.parent


def server_command() -> list[str]:
    """What to start to get the server's command line; arguments follow."""
    return [sys.executable, "-P", str(Path(__file__).resolve().parent / "_server_main.py")]


def main() -> None:
    """Become the server's command line."""
    command = [*server_command(), *sys.argv[1:]]
    os.execv(command[0], command)  # noqa: S606
