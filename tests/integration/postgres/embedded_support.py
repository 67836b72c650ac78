"""What the tests of the embedded PostgreSQL share: folders that other users can reach, and other processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from infrastructure.postgres.embedded import EmbeddedPostgres
from tests.fixtures.waiting import DEADLINE

Servers = Callable[[Path], EmbeddedPostgres]

ROOT = Path(__file__).resolve().parents[3]
FAST = {"fsync": "off", "shared_buffers": "16MB"}
NOBODY = 65534

# Argument: the data folder. Starts, tells the server's process, then waits to be killed or for the end of its input.
STARTER = """
import sys
from pathlib import Path
from infrastructure.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off", "shared_buffers": "16MB"})
server.start()
print(server.pid, flush=True)
sys.stdin.read()
"""

# Put before the starter: it makes the cluster and never gives it its name, so that it is killed on the way, always.
NEVER_DONE = """
import pathlib, threading
pathlib.Path.rename = lambda *_: threading.Event().wait()
"""

# Arguments: the data folder and the user to become. All is imported before that: root's Python may be root's alone.
AS_ANOTHER_USER = """
import encodings.ascii, json, os, sys
from contextlib import suppress
from pathlib import Path
import psycopg
from infrastructure.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
with suppress(psycopg.OperationalError):
    psycopg.connect("host=/nonexistent")
data_dir, user = Path(sys.argv[1]), int(sys.argv[2])
os.setgroups([]), os.setgid(user), os.setuid(user)
server = EmbeddedPostgres(data_dir, settings={"fsync": "off", "shared_buffers": "16MB"})
try:
    server.start()
    with psycopg.connect(server.url()) as connection:
        who = connection.execute("SELECT current_user::text").fetchone()[0]
    print(json.dumps({"who": who, "uid": os.stat(f"/proc/{server.pid}").st_uid if os.path.exists("/proc") else user}))
    server.stop()
except EmbeddedPostgresError as error:
    print(json.dumps({"error": str(error)}))
"""


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that other users can pass through, unlike pytest's own; nothing runs in it afterwards."""
    made = Path(tempfile.mkdtemp(prefix="contextline-test-")).resolve()
    made.chmod(0o711)
    yield made
    for pid_file in made.rglob("postmaster.pid"):
        with suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess):
            server = psutil.Process(int(pid_file.read_text().split("\n")[0]))
            if str(pid_file.parent) in server.cmdline():
                server.send_signal(signal.SIGQUIT)
                eventually(lambda server=server: gone(server.pid))
    shutil.rmtree(made)


@contextmanager
def stopped_afterwards() -> Iterator[Servers]:
    """A maker of servers that don't wait for the disk; all are stopped in the end."""
    made: list[EmbeddedPostgres] = []

    def make(data_dir: Path) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(data_dir, settings=FAST))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def eventually(condition: Callable[[], object], seconds: float = DEADLINE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def ask(server: EmbeddedPostgres, query: str, **where: str) -> object:
    with psycopg.connect(server.url(**where)) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def write(server: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(server.url()) as connection:
        connection.execute(statement)


@contextmanager
def starter(data_dir: Path, before: str = "") -> Iterator["subprocess.Popen[str]"]:
    """A process that starts the server; it and what it started in its session get killed in the end."""
    command = [sys.executable, "-c", before + STARTER, str(data_dir)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        yield process
        process.kill()


def postmasters(data_dir: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if words and Path(words[0]).name == "postgres" and str(data_dir / "postgres") in words:
                found.append(process.pid)
    return found


def as_another_user(data_dir: Path) -> dict[str, object]:
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", AS_ANOTHER_USER, str(data_dir), str(NOBODY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=3 * DEADLINE)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer
