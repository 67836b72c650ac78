"""The how-to's examples print what it says, and its Python runs."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_readme import environment, run_console
from tests.support.running import PATIENCE, RunningStore, running_store

HOW_TO = (Path(__file__).parents[2] / "docs/how-to/merge-fork-split.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def store() -> Iterator[RunningStore]:
    with running_store() as running:
        yield running


def test_the_examples_print_what_the_how_to_says(store: RunningStore) -> None:
    found = [
        example.partition("\n")
        for block in blocks("console")
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    ]
    assert len(found) == 18
    for command, _, expected in found:
        run_console(command, expected, store)


def test_its_python_runs(store: RunningStore) -> None:
    (code,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment(store), "CONTEXTLINE_URL": store.url},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_machines_get_json(store: RunningStore) -> None:
    store.run("put", "k", '{"a": 1}')
    for arguments in (
        ("checkpoint", "create", "k", "start"),
        ("checkpoint", "list", "k"),
        ("checkpoint", "compare", "k", "start"),
        ("checkpoint", "restore", "k", "start"),
        ("fork", "k", "k-b", "--version", "1"),
        ("merge", "k", "k-b@1", "missing", "--ignore-missing"),
        ("split", "k", "/a=k-a"),
    ):
        done = store.run(*arguments, "--json")
        assert done.returncode == 0, (arguments, done.stderr)
        assert isinstance(json.loads(done.stdout), dict)
