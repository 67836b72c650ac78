"""Writes what the reference tells from the code: settings, statuses, errors, calls. --check tells what is stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from domain.sessions import lifecycle as sessions  # noqa: E402
from domain.tasks import lifecycle as tasks  # noqa: E402
from infrastructure.settings import Settings  # noqa: E402
from interfaces.http.app import create_app  # noqa: E402
from interfaces.http.problems import TABLE  # noqa: E402

CONTAINER_SECRETS = {
    "POSTGRES_PASSWORD": "of the superuser of the database container",
    "POSTGRES_OWNER_PASSWORD": "of the role that owns the database and migrates it",
    "POSTGRES_API_PASSWORD": "of the role that the API logs in with",
    "POSTGRES_PROJECTION_PASSWORD": "of the role that the projections log in with",
    "POSTGRES_POLICIES_PASSWORD": "of the role that the policies log in with",
}


def settings_page() -> str:
    lines = [
        "# Settings",
        "",
        "Written by `scripts/generate_reference.py` from `infrastructure/settings.py`. Set them as environment",
        "variables or in a file `.env` in the working folder (`.env.example` has them all); a variable wins over the",
        "file. They are checked at start: a wrong one is named and nothing is started. The clients and the command",
        "line read one more, `CONTEXTLINE_URL`: the server's address, by default `http://127.0.0.1:3100`.",
        "",
        "| variable | default | |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `CONTEXTLINE_{name.upper()}` | {default_text(field)} | {field.description} |")
    return "\n".join([*lines, ""])


def env_example() -> str:
    lines = ["# Every setting with its default. Copy to .env and keep what you change.", ""]
    for name, field in Settings.model_fields.items():
        shown = "" if field.default in (None, PydanticUndefined) else str(field.default).lower()
        lines += [f"# {field.description}", f"#CONTEXTLINE_{name.upper()}={shown}", ""]
    lines += ["# Only for docker-compose.yml, which has no defaults for them:", ""]
    for name, meaning in CONTAINER_SECRETS.items():
        lines += [f"# Password {meaning}.", f"#{name}=", ""]
    return "\n".join(lines).rstrip() + "\n"


def default_text(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "`.contextline/` in a checkout, `/var/lib/contextline/default` as root, else the user's data folder"
    return "none" if field.default is None else f"`{str(field.default).lower()}`"


def errors_table() -> str:
    lines = ["| status | `code` | what it means |", "|---|---|---|"]
    for kind, status, _ in TABLE[:-1]:  # the last one is the root, for what no row above names
        meaning = " ".join((kind.__doc__ or "").split())
        lines.append(f"| {status} | `{kind.code}` | {meaning} |")
    return "\n".join(lines)


def calls_table() -> str:
    contract = create_app(Settings(_env_file=None), "").openapi()  # type: ignore[call-arg]
    lines = ["| call | does |", "|---|---|"]
    for path, methods in contract["paths"].items():
        if "{" in path:
            continue
        for method, operation in methods.items():
            lines.append(f"| `{method.upper()} {path}` | {' '.join(operation['description'].split())} |")
    return "\n".join(lines)


def lifecycles_page() -> str:
    lines = [
        "# Statuses of sessions and tasks",
        "",
        "Written by `scripts/generate_reference.py` from `domain/sessions/lifecycle.py` and",
        "`domain/tasks/lifecycle.py`, the tables that the code follows. A step that a table doesn't have is refused",
        "(409, `illegal-transition`) with the current status and the statuses that can follow it. Erasing is no step",
        "of their own: it can be done in any status, and nothing follows it.",
    ]
    for title, transitions in (("Sessions", sessions.TRANSITIONS), ("Tasks", tasks.TRANSITIONS)):
        first = next(iter(transitions))
        steps = list(dict.fromkeys(step for each in transitions.values() for step in each))
        lines += ["", f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {first}: create"]
        lines += [f"    {status} --> {to}: {step}" for status, each in transitions.items() for step, to in each.items()]
        lines += ["```", "", f"| | {' | '.join(steps)} |", "|---|" + "---|" * len(steps)]
        for status, each in transitions.items():
            lines.append(f"| **{status}** | {' | '.join(each.get(step, '') for step in steps)} |")
    return "\n".join([*lines, ""])


def with_section(page: str, name: str, content: str) -> str:
    start, end = f"<!-- {name}: generated -->", f"<!-- {name}: end -->"
    before, _, rest = page.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n{content}\n{end}{after}"


def main() -> int:
    http = ROOT / "docs/reference/http.md"
    page = with_section(http.read_text(), "errors", errors_table())
    wanted = {
        ROOT / "docs/reference/settings.md": settings_page(),
        ROOT / ".env.example": env_example(),
        ROOT / "docs/reference/lifecycles.md": lifecycles_page(),
        http: with_section(page, "calls", calls_table()),
    }
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run scripts/generate_reference.py", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
