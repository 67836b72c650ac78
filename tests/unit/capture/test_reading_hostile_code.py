"""Texts of the largest size that is taken, made to keep a reader busy, end neither the process nor its patience."""

import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.capture.python_code import MAX_FIELDS
from infrastructure.capture.reading import Readers

SIZE = 256 * 1024
MEMORY = 1 << 30
"""Bytes of address space that a reader's process has."""

# In a process of its own, and there in a thread, whose stack is small: as in the API.
READ = f"""
import resource, sys, threading
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
from infrastructure.capture.reading import Readers
text = sys.stdin.read()
def read():
    Readers().read(text, sys.argv[1])
    print("read")
thread = threading.Thread(target=read)
thread.start()
thread.join()
"""


def filled(before: str, piece: str, after: str = "", end: str = "") -> str:
    """As many pieces as there is room for, each closed again by `after`."""
    many = (SIZE - len(before) - len(end)) // len(piece + after)
    return before + piece * many + after * many + end


# On lines of their own: a long line is not read at all by the rules.
BRACES = {
    "implementations": ("rust", filled("", "impl,\n")),
    "nested uses": ("rust", filled("use ", "a{\n", "}\n", ";")),
    "nested classes": ("java", filled("", "class A{\n", "}\n")),
    "members without a body": ("java", filled("class A{\n", "a()\n", end="}")),
    "members of JavaScript": ("javascript", filled("class A{\n", "a()\n", end="}")),
    "regular expressions without an end": ("javascript", filled("", "(/[" * 600 + "\n")),
    "arrows": ("javascript", filled("", "a=()=>\n")),
    "imports without an end": ("typescript", filled("", "import a\n")),
    "receivers": ("go", filled("", "func(a b)a()\n")),
    "nested receivers": ("go", filled("", "func(\n", ")\n")),
    "open brackets": ("go", filled("", "(\n")),
}
PYTHON = {
    "open parentheses": filled("", "("),
    "signs": filled("", "-", end="1"),
    "negations": filled("", "not ", end="a"),
    "attributes": filled("a", ".a"),
    "items": filled("a", "[a]"),
    "items within items": filled("a", "[a", "]"),
    "calls": filled("a", "()"),
    "a long number": filled("", "1"),
    "a long hexadecimal number": filled("0x", "f"),
    "fields of an f-string": filled("f'", "{a}", end="'"),
    "fields within fields": filled("f'", "{a:", "}", "'"),
    "comprehensions": filled("", "[a for a in "),
    "sums": filled("", "a+", end="a"),
    "powers": filled("", "a**", end="a"),
    "conditions": filled("", "a if a else ", end="a"),
    "functions without a name": filled("", "lambda:", end="a"),
    "assignments": filled("", "a=", end="a"),
    "branches": filled("if a:0\n", "elif a:0\n"),
    "decorators": filled("", "@a\n", end="def f():0"),
    "statements": filled("", "a\n"),
    "patterns": filled("match a:\n case ", "a|", end="a:0"),
}
CASES = [(name, *case) for name, case in BRACES.items()] + [(name, "python", text) for name, text in PYTHON.items()]


@pytest.mark.parametrize(("language", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_read_or_refused_within_seconds_and_bounded_memory(language: str, text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ, language],
        input=text,
        capture_output=True,
        text=True,
        timeout=10,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "read\n", "")


def test_f_strings_with_too_many_braces_have_a_fault_that_says_so() -> None:
    assert "braces" in (Readers().read(PYTHON["fields of an f-string"], "python").fault or "")


def test_as_many_braces_without_f_strings_are_read() -> None:
    text = filled("a = [", "{},", end="]\n")
    assert text.count("{") * len(text) > MAX_FIELDS
    assert Readers().read(text, "python").fault is None
