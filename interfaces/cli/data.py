"""Reading JSON from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from domain.errors import ContextlineError
from interfaces.http.strict_json import parse


def read_json(argument: str) -> Any:
    """A JSON value: written out, `-` for standard input, or `@FILE`. Read by the same rules as the API's bodies."""
    if argument == "-":
        content = sys.stdin.buffer.read()
    elif argument.startswith("@"):
        try:
            content = Path(argument[1:]).read_bytes()
        except OSError as error:
            raise typer.BadParameter(f"can't read {argument[1:]}: {error.strerror}") from None
    else:
        content = argument.encode("utf-8", "surrogateescape")
    try:
        return parse(content)
    except ContextlineError as error:
        raise typer.BadParameter(f"{error} (a string needs its quotes: '\"text\"')") from None


def read_object(argument: str | None) -> dict[str, Any] | None:
    """A JSON object, or None where nothing was given."""
    if argument is None:
        return None
    value = read_json(argument)
    if not isinstance(value, dict):
        raise typer.BadParameter("a JSON object is needed here")
    return value
