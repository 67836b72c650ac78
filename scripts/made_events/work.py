"""Made software work: files, what shells print, plans, and what a capture knows of a file or an environment."""

from __future__ import annotations

from typing import Any

from scripts.made_events import sentences, words
from scripts.made_events.filling import Filler

Json = dict[str, Any]
HEX = "0123456789abcdef"

_SOURCES = {
    "python": (
        "from __future__ import annotations\n\nimport asyncio\nimport json\nimport logging\n"
        "from dataclasses import dataclass, field\nfrom datetime import datetime, timedelta\n"
        "from pathlib import Path\nfrom typing import Any\n\n"
        "logger = logging.getLogger(__name__)\n\n\n",
        '@dataclass\nclass {Noun}:\n    """A {noun}."""\n\n    id: str\n    name: str\n    created_at: datetime\n'
        "    items: list[str] = field(default_factory=list)\n\n",
        "def {verb}_{noun}({noun}_id: str, *, limit: int = {count}) -> dict[str, Any] | None:\n"
        '    """{Verb} a {noun}."""\n'
        "    if {noun}_id is None:\n        return None\n    for item in items:\n        if item.id == {noun}_id:\n"
        '            return item\n    raise ValueError(f"there is no {noun} {{noun}_id}")\n\n\n',
        "    async def {verb}(self, {noun}_id: str) -> None:\n        async with self._session.begin() as session:\n"
        "            result = await session.execute(select({Noun}).where({Noun}.id == {noun}_id))\n"
        "            return result.scalar_one_or_none()\n\n",
        "    try:\n        response = await client.get(url, timeout=10)\n        response.raise_for_status()\n"
        '    except httpx.HTTPError as error:\n        logger.exception("could not {verb} the {noun}")\n        raise\n'
        "    return response.json()\n",
        'def test_{verb}_{noun}(client):\n    response = client.post("/api/{noun}s", json={"name": "test"})\n'
        '    assert response.status_code == 200\n    assert response.json()["status"] == "{status}"\n\n\n',
        'if __name__ == "__main__":\n    main()\n',
    ),
    "typescript": (
        'import { useEffect, useState } from "react";\nimport type { {Noun} } from "../types";\n\n',
        "export interface {Noun}Props {\n  id: string;\n  name: string;\n  onChange?: (value: string) => void;\n}\n\n",
        "export async function {verb}{Noun}(id: string): Promise<{Noun} | null> {\n"
        "  const response = await fetch(`/api/{noun}s/${id}`);\n  if (!response.ok) {\n"
        "    throw new Error(`could not {verb} the {noun}`);\n  }\n  return await response.json();\n}\n\n",
        "export const {verb}{Noun}s = (items: {Noun}[]) => items.filter((item) => item.status !== null);\n",
    ),
    "go": (
        'package {module}\n\nimport (\n\t"context"\n\t"errors"\n\t"fmt"\n)\n\n',
        "func (s *Server) {Verb}{Noun}(ctx context.Context, id string) (*{Noun}, error) {\n\tif err != nil {\n"
        '\t\treturn nil, fmt.Errorf("{verb} {noun}: %w", err)\n\t}\n\treturn &{noun}, nil\n}\n\n',
    ),
    "rust": (
        "use std::collections::HashMap;\n\n#[derive(Debug, Clone)]\npub struct {Noun} {\n    pub id: String,\n}\n\n",
        "impl {Noun} {\n    pub fn {verb}(&self) -> Result<(), Error> {\n        Ok(())\n    }\n}\n",
    ),
    "java": (
        "public class {Noun}Service {\n    private final {Noun}Repository repository;\n\n"
        "    public Optional<{Noun}> {verb}{Noun}(String id) {\n        return repository.findById(id);\n    }\n}\n",
    ),
    "sql": (
        "SELECT id, name, status, created_at FROM {noun}s\n"
        "WHERE status = '{status}' ORDER BY created_at DESC LIMIT {count};\n",
        "CREATE TABLE {noun}s (\n    id bigint PRIMARY KEY,\n    name text NOT NULL,\n"
        "    created_at timestamptz NOT NULL\n);\n",
    ),
}


def source(made: Filler) -> tuple[str, str]:
    """A file's path and some of its text."""
    language, suffix = made.random.choice(list(words.LANGUAGES.items()))
    noun, verb, module = (made.random.choice(choices) for choices in (words.NOUNS, words.VERBS, words.MODULES))
    parts = made.random.sample(_SOURCES[language], made.random.randint(1, len(_SOURCES[language])))
    text = "".join(parts).replace("{Noun}", noun.title()).replace("{noun}", noun)
    text = text.replace("{Verb}", verb.title()).replace("{verb}", verb).replace("{module}", module)
    text = made.fill(text)
    folder = made.random.choice(("src/", "app/", "tests/test_", "lib/", "server/", "/home/user/project/src/"))
    return f"{folder}{module}.{suffix}", text


def shell_output(made: Filler) -> tuple[str, str]:
    """A command and what it printed."""
    path, text = source(made)
    module, package = made.random.choice(words.MODULES), made.random.choice(words.PACKAGES)
    return made.random.choice(
        (
            (
                f"python -m pytest tests/test_{module}.py -q",
                made.fill(
                    f"..F..\n=== FAILURES ===\n___ test_{{verb}}_{{noun}} ___\n\n    def test_{{verb}}_{{noun}}():\n"
                    f">       assert result == expected\nE       {{error}}\n\n"
                    f"tests/test_{module}.py:{{count}}: AssertionError\n"
                    "=== short test summary info ===\n"
                    f"FAILED tests/test_{module}.py::test_{{verb}}_{{noun}}\n"
                    "1 failed, {count} passed in 2.31s\n"
                ),
            ),
            (
                f"python {path}",
                made.fill(
                    "Traceback (most recent call last):\n"
                    '  File "/home/user/project/src/main.py", line {count}, in <module>\n'
                    f'    main()\n  File "/home/user/project/src/{module}.py", line {{count}}, in {{verb}}_{{noun}}\n'
                    "    return self.{noun}.{verb}()\n{error}\n"
                ),
            ),
            ("git status --short", f" M {path}\n?? src/{module}.py\n"),
            (
                "git diff",
                f"diff --git a/{path} b/{path}\nindex {made.letters(7, HEX)}.."
                f"{made.letters(7, HEX)} 100644\n--- a/{path}\n+++ b/{path}\n"
                f"@@ -12,7 +12,9 @@\n-    return None\n"
                f'+    if result is None:\n+        raise ValueError("not found")\n+{text[:60]}\n',
            ),
            (
                f"grep -rn {module} src",
                f"src/main.py:12:from app.{module} import {module.title()}\nsrc/main.py:40:    {text[:40]}\n",
            ),
            (f"pip install {package}", f"Successfully installed {package}-2.{made.random.randint(0, 30)}.1\n"),
            ("ls -la", listing(made)),
            (
                "curl -s localhost:8000/health",
                '{"status": "healthy", "version": "1.4.2", "checks": {"database": "ok"}}',
            ),
            (
                "npm run build",
                made.fill(
                    "> build\n> tsc -p .\n\nsrc/{module}.ts({count},5): error TS2345: not assignable to parameter\n"
                ),
            ),
        )
    )


def listing(made: Filler) -> str:
    """A folder."""
    names = made.random.sample(
        ("README.md", "pyproject.toml", "src", "tests", "docs", "package.json", "Makefile", ".gitignore"), 5
    )
    return "".join(f"-rw-r--r--  1 user user {made.random.randint(100, 9999)} Mar 14 09:26 {name}\n" for name in names)


def plan(made: Filler) -> Json:
    """What an agent is about to do."""
    steps = [
        {
            "id": number,
            "title": made.fill("{verb} the {noun} in the {module} module"),
            "status": made.random.choice(("pending", "in_progress", "completed", "failed")),
            "dependencies": [number - 1] if number > 1 else [],
        }
        for number in range(1, made.random.randint(3, 7))
    ]
    return {"goal": made.fill("Make the {service} service {verb} every {noun}"), "steps": steps, "current_step": 1}


def task(made: Filler) -> Json:
    """A task as agents hand them to each other."""
    return {
        "id": made.uuid(),
        "type": made.random.choice(("code_review", "bug_fix", "research", "deployment", "refactoring", "testing")),
        "description": made.fill("{verb} the {noun} in the {module} module"),
        "status": made.random.choice(("pending", "in_progress", "completed", "failed", "cancelled")),
        "priority": made.random.randint(1, 9),
        "files": [source(made)[0] for _ in range(made.random.randint(0, 3))],
        "parameters": {"timeout": 300, "retries": made.random.randint(0, 3)},
        "result": None,
        "error": made.random.choice((None, made.fill("{error}"))),
        "retry_count": 0,
        "started_at": made.instant(),
        "completed_at": None,
        "duration_ms": made.random.randint(1, 90_000),
    }


def decision(made: Filler) -> Json:
    """What an agent decided, and why."""
    return {
        "type": made.random.choice(("approach", "tool_selection", "code_style", "escalation", "prioritization")),
        "context_hash": made.letters(64, HEX),
        "decision": made.pick(sentences.THOUGHTS),
        "reasoning": made.several(sentences.THOUGHTS, 1, 2),
        "alternatives": [made.pick(sentences.AGENT_SAYS)],
        "confidence": round(made.random.random(), 2),
        "autonomous": made.chance(0.5),
        "user_override": False,
        "outcome": made.random.choice(("success", "failure", "partial", None)),
        "feedback_score": made.random.choice((None, 1, 2, 3, 4, 5)),
    }


def capture(made: Filler) -> Json:
    """A file, or the environment, as it was seen."""
    path, text = source(made)
    if made.chance(0.3):
        packages = {name: f"{made.random.randint(0, 9)}.{made.random.randint(0, 30)}.0" for name in words.PACKAGES}
        return {
            "type": "environment",
            "working_directory": "/home/user/project",
            "python_version": f"3.{made.random.randint(9, 14)}.{made.random.randint(0, 9)}",
            "platform": "linux",
            "packages": packages,
            "variables": {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "HOME": "/home/user"},
        }
    return {
        "type": "file",
        "path": path,
        "language": path.rpartition(".")[2],
        "size": len(text),
        "modified": made.instant(),
        "sha256": made.letters(64, HEX),
        "imports": made.random.sample(words.PACKAGES, 3),
        "functions": [made.fill("{verb}_{noun}") for _ in range(3)],
        "classes": [made.random.choice(words.NOUNS).title()],
        "content": text,
    }
