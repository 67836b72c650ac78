"""Four API processes on one database, all written to at once."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import IO

import httpx
import pytest

from contextline import AsyncContextClient, ContextlineError
from tests.fixtures.waiting import DEADLINE, eventually
from tests.integration.projections.reading import fetch
from tests.support.running import free_port

PROCESSES, CALLERS, TURNS, SHARED = 4, 6, 25, 5


def start(environment: dict[str, str], log: IO[bytes], folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "contextline", "serve"]
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)


@pytest.fixture
async def urls(any_database_url: str, tmp_path: Path) -> AsyncIterator[list[str]]:
    """Where they listen."""
    ports = [free_port() for _ in range(PROCESSES)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONTEXTLINE_")}
    environment |= {"CONTEXTLINE_DATABASE_URL": any_database_url, "CONTEXTLINE_DATA_DIR": str(tmp_path)}
    with ExitStack() as stack:
        processes = []
        for port in ports:
            log = stack.enter_context((tmp_path / f"{port}.log").open("wb"))
            process = start(environment | {"CONTEXTLINE_PORT": str(port)}, log, tmp_path)
            stack.callback(process.wait, DEADLINE)
            stack.callback(process.terminate)
            processes.append(process)

        async def all_answer() -> bool:
            for process, port in zip(processes, ports, strict=True):
                assert process.poll() is None, (tmp_path / f"{port}.log").read_text()
            async with httpx.AsyncClient(trust_env=False, timeout=DEADLINE) as http:
                answers = [http.get(f"http://127.0.0.1:{port}/openapi.json") for port in ports]
                found = await asyncio.gather(*answers, return_exceptions=True)
            return all(isinstance(answer, httpx.Response) and answer.status_code == 200 for answer in found)

        await eventually(all_answer, 4 * DEADLINE)
        yield [f"http://127.0.0.1:{port}" for port in ports]


async def test_no_update_is_lost_every_answer_is_what_the_log_holds_and_of_rivals_one_wins(
    urls: list[str], any_database_url: str
) -> None:
    done: Counter[str] = Counter()
    answered: dict[int, tuple[str, int]] = {}

    async def caller(url: str, number: int) -> None:
        chance = Random(number)
        async with AsyncContextClient(url, timeout=DEADLINE) as client:
            for turn in range(TURNS):
                shared = chance.random() < 0.5
                key = f"shared {chance.randrange(SHARED)}" if shared else f"own {number}"
                if not shared and not done[key]:
                    answer = await client.store(key, {"count": 1})
                else:
                    answer = await client.update(key, {"count": 1}, change_type="increment")
                done[key] += 1
                assert answer.position not in answered
                answered[answer.position] = (key, answer.version)
                if turn % 5 == 0:
                    # Whichever process is asked next, it knows.
                    async with AsyncContextClient(chance.choice(urls), timeout=DEADLINE) as other:
                        assert (await other.get(key)).version >= answer.version

    async with AsyncContextClient(urls[0], timeout=DEADLINE) as client:
        for number in range(SHARED):
            answer = await client.store(f"shared {number}", {"count": 0})
            answered[answer.position] = (f"shared {number}", 1)
        callers = [(url, CALLERS * index + number) for index, url in enumerate(urls) for number in range(CALLERS)]
        await asyncio.gather(*(caller(url, number) for url, number in callers))
        for key, count in done.items():
            assert (await client.get(key)).data == {"count": count}

    rows = await fetch(
        any_database_url,
        "SELECT e.position, s.name, e.version, s.version AS head, e.recorded_at FROM contextline.events AS e "
        "JOIN contextline.streams AS s USING (tenant_id, stream_no) WHERE s.name LIKE 'context%%' ORDER BY position",
    )
    reached: Counter[str] = Counter()
    for row in rows:
        reached[row["name"]] += 1
        assert row["version"] == reached[row["name"]]
    assert all(row["head"] == reached[row["name"]] for row in rows)
    assert len(rows) == len(answered) == sum(done.values()) + SHARED
    assert [row["position"] for row in rows] == sorted(answered)
    assert [row["recorded_at"] for row in rows] == sorted(row["recorded_at"] for row in rows)
    for row in rows:
        key, version = answered[row["position"]]
        assert (row["version"], row["name"].endswith(key)) == (version, True)
    await one_wins(urls)


async def one_wins(urls: list[str]) -> None:
    """Of four that change one version."""
    clients = [AsyncContextClient(url, timeout=DEADLINE) for url in urls]
    await clients[0].store("one", 0)
    for version in range(1, 11):
        told = await asyncio.gather(
            *(client.update("one", number, expected_version=version) for number, client in enumerate(clients)),
            return_exceptions=True,
        )
        refused = [error for error in told if isinstance(error, ContextlineError)]
        assert [getattr(error, "status", None) for error in refused] == [409] * (PROCESSES - 1)
        winner = next(number for number, one in enumerate(told) if not isinstance(one, BaseException))
        assert {(await client.get("one")).data for client in clients} == {winner}
    for client in clients:
        await client.aclose()
