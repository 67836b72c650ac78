"""Reads Python by Python's own parser, which builds a tree and runs nothing."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from application.capturing.ports import Parsed
from infrastructure.capture.outline import Outline

MAX_FIELDS = 1_000_000_000
"""Braces of a text with f-strings times its length.

For each field of an f-string the parser (of Python 3.11) looks through the string from its beginning, and holds the
interpreter meanwhile: seconds for the largest text. It has 4,000 braces within this, one of 50 KiB 20,000.
"""
_F_STRING = re.compile(r"""[fF][rR]?['"]""")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def read_python(text: str) -> Parsed:
    """What is in it. The parser gives up by itself on what is nested too deeply."""
    if text.count("{") * len(text) > MAX_FIELDS and _F_STRING.search(text):
        return Parsed(fault="too many braces for a text of that size with f-strings")
    try:
        with warnings.catch_warnings():
            # Of escapes that a later Python will refuse.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        return Parsed(fault=f"not Python: {error.msg}" + (f" (line {error.lineno})" if error.lineno else ""))
    except (ValueError, RecursionError, MemoryError):
        return Parsed(fault="not Python, or nested too deeply")
    outline = Outline()
    pending: list[tuple[ast.AST, int]] = [(tree, 0)]
    while pending:
        node, owner = pending.pop()
        inner = owner
        if isinstance(node, ast.ClassDef):
            inner = outline.open_class(owner, node.name, node.lineno, node.end_lineno or node.lineno)
        elif isinstance(node, _FUNCTIONS):
            inner = outline.open_function(owner, node.name, node.lineno, node.end_lineno or node.lineno)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for module, bound in _imports(node):
                outline.imports(owner, module, (bound,))
        elif isinstance(node, ast.Call):
            if name := _dotted(node.func):
                outline.calls(owner, name)
        elif isinstance(node, ast.Name):
            outline.uses(owner, node.id)
        pending += [(child, inner) for child in reversed(list(ast.iter_child_nodes(node)))]
    return outline.parsed()


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The full name of each import, and the name that it has in the file."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, alias.asname or alias.name.partition(".")[0]
        return
    base = "." * node.level + (node.module or "")
    for alias in node.names:
        dot = "" if base.endswith(".") else "."
        yield base if alias.name == "*" else f"{base}{dot}{alias.name}", alias.asname or alias.name


def _dotted(node: ast.expr) -> str | None:
    """`a`, `a.b`; None for what is called on a result or an item."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])
