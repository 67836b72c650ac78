"""kill -9 of the policies while they empty deleted sessions and fill branches: all is done in the end, and once."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from contextlib import suppress

import httpx
import psutil
import psycopg

from contextline import ContextClient
from infrastructure.postgres.embedded import EmbeddedPostgres
from tests.support.running import PATIENCE, RunningStore, running_store, wait_until

SESSIONS, CONTEXTS, KILLS = 4, 150, 4


def kill_policies(store: RunningStore, random_source: random.Random) -> bool:
    """In the middle of their work; whether there was any left."""
    _, before = policies(store)

    def at_work() -> bool:
        position, end = policies(store)
        return end > before or position == end

    wait_until(at_work, "the policies are at work")
    time.sleep(random_source.uniform(0.0, 0.3))
    position, end = policies(store)
    victim = store.process_named("policies")
    if victim is None or position == end:
        return False
    with suppress(psutil.NoSuchProcess):
        victim.kill()
    return True


def policies(store: RunningStore) -> tuple[int, int]:
    """How far they are, and the end of the log."""
    told = httpx.get(f"{store.url}/api/projections", timeout=PATIENCE, trust_env=False).json()
    position = next(item["position"] for item in told["items"] if item["name"] == "policies")
    return position, told["logEnd"]


def test_what_follows_from_events_is_done_once_whenever_the_policies_are_killed() -> None:
    random_source = random.Random(int(os.environ.get("CHAOS_SEED", "20260101")))
    with running_store(CONTEXTLINE_LOG_LEVEL="warning") as store, ContextClient(store.url, timeout=PATIENCE) as client:
        for session in range(SESSIONS):
            client.create_session(f"s-{session}")
            for number in range(CONTEXTS):
                client.store(f"s{session}-k{number}", {"n": number}, session_id=f"s-{session}", ttl=None)
        for session in range(SESSIONS):
            client.branch_session(f"s-{session}", new_session_id=f"b-{session}", timeout=0.1)
            answer = httpx.delete(f"{store.url}/api/sessions/delete/s-{session}", timeout=PATIENCE, trust_env=False)
            assert answer.status_code == 200, answer.text
        # Each time it takes longer until they are started again.
        kills = sum(kill_policies(store, random_source) for _ in range(KILLS))

        def caught_up() -> bool:
            position, end = policies(store)
            return position == end

        wait_until(caught_up, "the policies have seen everything")
        assert kills > 1
        wait_until(store.is_caught_up, "the lists have seen everything")
        left = Counter(context.session_id for context in client.iterate(min_position=1, timeout=60))
        assert left == {f"b-{session}": CONTEXTS for session in range(SESSIONS)}
        for session in range(SESSIONS):
            for number in (0, CONTEXTS - 1):
                gone = client.history(f"s{session}-k{number}").items
                assert [entry.event for entry in gone] == ["context-created", "context-deleted"]
                assert gone[-1].actor == "policy:session-deleted"
        with psycopg.connect(EmbeddedPostgres(store.data_dir).url()) as connection:
            twice = connection.execute(
                "SELECT s.name, s.version FROM contextline.streams AS s WHERE s.name LIKE 'context%%' "
                "AND s.version > CASE WHEN s.name LIKE E'context\\nb-%%' THEN 1 ELSE 2 END"
            ).fetchall()
        assert twice == []
