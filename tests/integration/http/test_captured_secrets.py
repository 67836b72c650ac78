"""Nothing of what looks like a secret is ever in a stored byte, wherever in a capture it stood."""

import base64
import random
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.recorded import stream_id
from tests.fixtures.http import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ALNUM = string.ascii_letters + string.digits


def _text(chance: random.Random, length: int, characters: str = _ALNUM) -> str:
    return "".join(chance.choice(characters) for _ in range(length))


def _jwt(chance: random.Random) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
    payload = base64.urlsafe_b64encode(f'{{"sub":"{_text(chance, 12)}"}}'.encode()).rstrip(b"=").decode()
    return f"{header}.{payload}.{_text(chance, 43)}"


KNOWN_FORMS = {
    "aws": lambda chance: "AKIA" + _text(chance, 16, string.ascii_uppercase + string.digits),
    "github": lambda chance: "ghp_" + _text(chance, 36),
    "gitlab": lambda chance: "glpat-" + _text(chance, 20),
    "slack": lambda chance: (
        f"xoxb-{_text(chance, 12, string.digits)}-{_text(chance, 12, string.digits)}-{_text(chance, 24)}"
    ),
    "stripe": lambda chance: "sk_live_" + _text(chance, 24),
    "jwt": _jwt,
    "npm": lambda chance: "//registry.npmjs.org/:_authToken=" + "npm_" + _text(chance, 36),
}
RANDOM = {
    "base64": lambda chance: base64.b64encode(chance.randbytes(48)).decode(),
    "hex": lambda chance: chance.randbytes(20).hex(),
}
BASIC = {"url": lambda chance: f"postgres://app:{_text(chance, 14)}@db.internal/main"}
KEY = {
    "pem": lambda chance: (
        "-----BEGIN RSA PRIVATE KEY-----\n"
        + "\n".join(_text(chance, 64) for _ in range(4))
        + "\n-----END RSA PRIVATE KEY-----"
    ),
}
EVERYWHERE = {**KNOWN_FORMS, **RANDOM, **BASIC}


def the_secret(kind: str, made: str) -> list[str]:
    """What of it must not be kept."""
    if kind == "url":
        return [made.split(":")[2].split("@")[0]]
    if kind == "pem":
        return made.split("\n")[1:-1]
    return [made]


async def stored_bytes(api: Api, captured: Any) -> str:
    """All that the log and its blobs hold of it, decoded."""
    found = [str(captured)]
    for element in captured["elements"]:
        name = f"context\n{captured['namespace']}\n{element['key']}"
        for recorded in await api.services.store.read_stream("default", stream_id("default", name)):
            found.append(repr(recorded))
    return "\n".join(found)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(sorted({**EVERYWHERE, **KEY})))
async def test_no_secret_is_stored_whichever_it_is_and_wherever_it_stood(module_api: Api, seed: int, kind: str) -> None:
    chance = random.Random(seed)
    made = {**EVERYWHERE, **KEY}[kind](chance)
    body = {
        "source": "property",
        "files": [
            {"path": "code.py", "content": f"import os\n\n\ndef run():\n    value = '''{made}'''\n    return value\n"},
            {
                "path": "app.js",
                "content": f"const value = `{made}`;\nfunction go() {{ return '{made}'; }}\n".replace("\n", " "),
            },
            {"path": "notes.md", "content": f"It is {made} they say.\n"},
            {"path": ".env", "content": f"VALUE={made}\n"},
        ],
        "code": [{"path": "other.py", "text": f'value = "{made}"\n' if "\n" not in made else f'"""{made}"""\n'}],
        "tasks": [{"name": "t", "description": f"Use {made} for it."}],
        "environment": {
            "variables": {"SOMETHING": made, "WRAPPED": f"prefix {made} suffix", "APP_PASSWORD": "correct horse"},
            "packages": {"thing": made.replace("\n", " ")[:256]},
        },
        "options": {"keepText": True, "namespace": f"secrets-{seed}-{kind}"},
    }
    answer = await module_api.http.post("/api/context/capture", json=body)
    assert answer.status_code == 200, answer.text
    kept = await stored_bytes(module_api, answer.json())
    for secret in the_secret(kind, made):
        assert secret not in kept
    assert "correct horse" not in kept
    assert answer.json()["droppedCount"] >= 6


@pytest.mark.parametrize("kind", sorted(KNOWN_FORMS))
async def test_names_that_hold_a_secret_are_dropped_too(module_api: Api, kind: str) -> None:
    made = KNOWN_FORMS[kind](random.Random(7)).replace(
        "//registry.npmjs.org/:_authToken=", "_authToken=//a/:_authToken="
    )
    body = {
        "source": "names",
        "files": [{"path": f"out/{made}"}, {"path": "kept.py", "content": "import a\n\n\ndef go():\n    a.b()\n"}],
        "code": [
            {"path": "x.py", "function": made, "imports": [made]},
            {"path": "y.py", "class": "C", "imports": [made]},
        ],
        "tasks": [{"name": made, "description": "d"}, {"name": "kept", "dependencies": [made], "files": [f"a/{made}"]}],
        "environment": {"workingDirectory": f"/home/{made}", "variables": {made: "1"}},
        "options": {"namespace": f"names-{kind}"},
    }
    answer = await module_api.http.post("/api/context/capture", json=body)
    assert answer.status_code == 200, answer.text
    assert made not in await stored_bytes(module_api, answer.json())
    keys = {element["key"] for element in answer.json()["elements"]}
    assert {"capture/file/kept.py", "capture/task/kept", "capture/code/y.py#C"} <= keys
    assert len(keys) == 6


async def test_ordinary_things_are_kept(module_api: Api) -> None:
    """Dropping too much would make captures useless: what a working environment holds stays."""
    variables = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PWD": "/home/agent/projects/contextline",
        "HOME": "/home/agent",
        "LANG": "en_US.UTF-8",
        "KEYBOARD_LAYOUT": "de",
        "PYTHONPATH": "/home/agent/projects/contextline/src:/opt/tools",
        "VIRTUAL_ENV": "/home/agent/.cache/pypoetry/virtualenvs/contextline-py3.11",
        "TERM": "xterm-256color",
        "SHELL": "/bin/bash",
        "REQUEST_ID": "6f1c1b52-2f0e-4bb6-9d0e-1d9f0a4a7f55",
    }
    packages = {"httpx": "0.28.1", "contextline": "0.1.0+g4f2a1bc", "typing_extensions": "4.16.0"}
    description = "Speed up the parser in src/parsing/tokenizer.py: it takes 3.5 s for 200 KB, see docs/performance.md."
    body = {
        "source": "plain",
        "tasks": [{"name": "t", "description": description}],
        "environment": {"variables": variables, "packages": packages, "interpreterVersion": "CPython 3.11.4"},
        "options": {"namespace": "plain"},
    }
    answer = await module_api.http.post("/api/context/capture", json=body)
    assert answer.json()["dropped"] == []
    kept = (await module_api.got("capture/environment", namespace="plain"))["data"]
    assert (kept["variables"], kept["packages"]) == (variables, packages)
    assert (await module_api.got("capture/task/t", namespace="plain"))["data"]["description"] == description
