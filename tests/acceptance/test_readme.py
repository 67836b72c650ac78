"""The README's examples, pasted one after another, print what the README says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import PATIENCE, RunningStore, running_store, wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def console_examples() -> Iterator[tuple[str, str]]:
    for block in blocks("console"):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = example.partition("\n")
            yield command, expected


def matches(printed: str, expected: str) -> bool:
    """`…` stands for anything, trailing blanks don't count."""
    lines = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, lines, flags=re.DOTALL) is not None


@pytest.fixture(scope="module")
def store() -> Iterator[RunningStore]:
    with running_store() as running:
        yield running


def environment(store: RunningStore) -> dict[str, str]:
    commands = str(Path(sys.executable).parent)
    return {**store.environment, "PATH": f"{commands}:{os.environ['PATH']}"}


def test_the_examples_print_what_the_readme_says(store: RunningStore) -> None:
    examples = list(console_examples())
    assert len(examples) >= 12
    for command, expected in examples[:10]:
        run_console(command, expected, store)
    programs = blocks("python")
    outputs = re.findall(r"^prints\n\n```\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    assert len(programs) >= 2
    for program, expected in zip(programs, outputs, strict=True):
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment(store), capture_output=True, text=True, timeout=PATIENCE
        )
        assert matches(done.stdout, expected), f"{done.stdout}\n{done.stderr}"
    for command, expected in examples[10:]:
        run_console(command, expected, store)


def run_console(command: str, expected: str, store: RunningStore) -> None:
    command = command.replace("http://127.0.0.1:3100", store.url)
    # A list tells what the projection has seen; whoever pastes the examples is slower than it.
    wait_until(store.is_caught_up, "the projection has seen everything")
    done = subprocess.run(
        command, shell=True, env=environment(store), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE
    )
    assert matches(done.stdout.decode(), expected), f"$ {command}\nprinted:\n{done.stdout.decode()}"


def test_the_readme_names_only_files_that_exist() -> None:
    links = re.findall(r"\]\((?!http|#)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
