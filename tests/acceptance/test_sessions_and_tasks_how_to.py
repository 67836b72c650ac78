"""The examples of docs/how-to/sessions-and-tasks.md, pasted one after another, print what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_readme import environment, matches, run_console
from tests.support.running import PATIENCE, RunningStore, running_store

HOW_TO = (Path(__file__).parents[2] / "docs/how-to/sessions-and-tasks.md").read_text()


@pytest.fixture(scope="module")
def store() -> Iterator[RunningStore]:
    with running_store() as running:
        yield running


def test_the_examples_print_what_the_page_says(store: RunningStore) -> None:
    examples = [
        example.partition("\n")
        for block in re.findall(r"^```console\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    ]
    assert len(examples) >= 18
    for command, _, expected in examples:
        run_console(command, expected, store)


def test_the_program_prints_what_the_page_says(store: RunningStore) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
    (expected,) = re.findall(r"^prints\n\n```\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(store), capture_output=True, text=True, timeout=PATIENCE
    )
    assert matches(done.stdout, expected), f"{done.stdout}\n{done.stderr}"
