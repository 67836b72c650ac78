"""The how-to's examples print what it says."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.acceptance.test_readme import environment, run_console
from tests.support.running import PATIENCE, running_store

HOW_TO = (Path(__file__).parents[2] / "docs/how-to/branch-a-session.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", HOW_TO, flags=re.MULTILINE | re.DOTALL)


def test_the_examples_print_what_the_how_to_says() -> None:
    (program,), (console,) = blocks("python"), blocks("console")
    with running_store() as store:
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment(store), capture_output=True, text=True, timeout=PATIENCE
        )
        assert (done.stdout, done.stderr) == ("3\n", "")
        examples = re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]
        assert len(examples) == 5
        for example in examples:
            command, _, expected = example.partition("\n")
            run_console(command, expected, store)
        shown = store.run("sessions", "branch", "trip", "--json")
        assert json.loads(shown.stdout)["complete"] is True
        refused = store.run("sessions", "branch", "nobody")
        assert (refused.returncode, b"no session" in refused.stderr) == (1, True)
