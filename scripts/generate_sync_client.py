"""Writes the synchronous client, which is the asynchronous one without the waiting.

python scripts/generate_sync_client.py            # write
python scripts/generate_sync_client.py --check    # exit status 1 if what is there is out of date
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import unasync

PACKAGE = Path(__file__).resolve().parent.parent / "contextline"
SOURCES = PACKAGE / "_async"
NAMES = {
    "AsyncBaseTransport": "BaseTransport",
    "AsyncClient": "Client",
    "_async": "_sync",
    "aclose": "close",
    "anyio": "time",
}


def names() -> dict[str, str]:
    """What becomes of each name; of our own classes all that begin with Async."""
    classes = re.findall(r"^class Async(\w+)", "\n".join(map(Path.read_text, SOURCES.glob("*.py"))), re.MULTILINE)
    return NAMES | {f"Async{name}": name for name in classes}


def generate(source: Path) -> str:
    """The text of a synchronous file, formatted as the rest of the tree is."""
    with tempfile.TemporaryDirectory() as folder:
        asynchronous = Path(folder, "_async", source.name)
        asynchronous.parent.mkdir()
        asynchronous.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        unasync.unasync_files([str(asynchronous)], [unasync.Rule("/_async/", "/_sync/", names())])
        text = Path(folder, "_sync", source.name).read_text(encoding="utf-8")
    header = (
        f"# Generated from _async/{source.name} by scripts/generate_sync_client.py: edit that, then run the script.\n"
    )
    return _ruff("format", "-", text=_ruff("check", "--fix", "--select", "I", "-", text=header + text))


def main(arguments: list[str] | None = None) -> int:
    """0, or 1 if a check failed."""
    parser = argparse.ArgumentParser(description="Writes the synchronous client from the asynchronous one.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a file is out of date")
    check = parser.parse_args(arguments).check
    stale = False
    for source in sorted(SOURCES.glob("[a-z]*.py")):
        text, file = generate(source), PACKAGE / "_sync" / source.name
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if check:
            print(f"{file.relative_to(PACKAGE)} is out of date: run scripts/generate_sync_client.py", file=sys.stderr)
        else:
            file.write_text(text, encoding="utf-8")
            print(f"wrote {file.relative_to(PACKAGE)}")
    return int(check and stale)


def _ruff(*arguments: str, text: str) -> str:
    # Under a name that pyproject.toml does not exclude.
    command = [sys.executable, "-m", "ruff", *arguments, "--quiet", "--stdin-filename", str(PACKAGE / "generated.py")]
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
