import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from embedded_support import (
    FAST,
    NEVER_DONE,
    NOBODY,
    Servers,
    ask,
    eventually,
    gone,
    postmasters,
    reachable_folder,
    starter,
    stopped_afterwards,
    write,
)

from infrastructure.postgres import embedded
from infrastructure.postgres.embedded import DATABASE, OWNER, SUPERUSER, EmbeddedPostgres, EmbeddedPostgresError
from infrastructure.postgres.embedded_layout import find_layout
from infrastructure.postgres.embedded_process import find_postmaster


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest.fixture
def data_dir(folder: Path) -> Path:
    return folder / "data"


@pytest.fixture
def servers(folder: Path) -> Iterator[Servers]:
    with stopped_afterwards() as make:
        yield make


def test_what_was_written_is_there_after_a_stop_and_a_start(data_dir: Path, servers: Servers) -> None:
    server = servers(data_dir)
    server.start()
    write(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    assert not server.is_running()
    assert server.pid is None
    server.start()
    assert server.is_running()
    assert ask(server, "SELECT answer FROM kept") == 42


def test_starting_and_stopping_twice_is_the_same_as_once(data_dir: Path, servers: Servers) -> None:
    server = servers(data_dir)
    server.stop()
    server.start()
    first = server.pid
    server.start()
    assert server.pid == first
    server.stop()
    server.stop()


def test_the_owner_is_no_superuser_and_gets_no_shell(data_dir: Path, servers: Servers) -> None:
    server = servers(data_dir)
    server.start()
    assert ask(server, "SELECT current_user::text") == OWNER
    assert ask(server, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert ask(server, "SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user") is True
    owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"
    assert ask(server, owner) == OWNER
    for statement in ("COPY (SELECT 1) TO PROGRAM 'true'", "ALTER ROLE contextline SUPERUSER"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            write(server, statement)


def test_another_role_can_log_in_once_it_is_made(data_dir: Path, servers: Servers) -> None:
    server = servers(data_dir)
    server.start()
    write(server, "CREATE ROLE reader LOGIN")
    assert ask(server, "SELECT current_user::text", user="reader") == "reader"


def test_it_is_durable_and_checks_its_pages_unless_told_otherwise(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={"shared_buffers": "16MB"})
    server.start()
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert ask(server, f"SELECT current_setting('{setting}')") == "on"
        assert ask(server, "SELECT current_setting('shared_buffers')") == "16MB"
        assert ask(server, "SELECT current_setting('jit')") == "off"
        assert ask(server, "SELECT pg_encoding_to_char(encoding) || ' ' || datlocale FROM pg_database LIMIT 1") == (
            "UTF8 C.UTF-8"
        )
    finally:
        server.stop()


def test_nobody_reaches_it_but_through_a_folder_of_its_own_user(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={**FAST, "listen_addresses": "*", "port": "1"})
    server.start()
    try:
        assert server.pid is not None
        assert ask(server, "SELECT current_setting('listen_addresses')") == ""
        with suppress(psutil.AccessDenied):  # in a container even root may not look
            assert not psutil.Process(server.pid).net_connections(kind="inet")
        socket = Path(str(ask(server, "SHOW unix_socket_directories", user=SUPERUSER)))
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert socket.stat().st_uid == psutil.Process(server.pid).uids().real
    finally:
        server.stop()


def test_committed_data_survive_a_killed_server(data_dir: Path, servers: Servers) -> None:
    server = servers(data_dir)
    server.start()
    write(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: not server.is_running())
    server.start()
    assert ask(server, "SELECT answer FROM kept") == 42


def test_a_backend_that_outlives_its_killed_server_is_ended(
    data_dir: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_ORPHAN_PATIENCE", 0.2)
    server = servers(data_dir)
    server.start()
    assert server.pid is not None
    with closing(psycopg.connect(server.url(), autocommit=True)) as busy:
        backend = busy.info.backend_pid
        busy.pgconn.send_query(b"DO 'BEGIN LOOP END LOOP; END'")
        eventually(lambda: ask(server, f"SELECT state FROM pg_stat_activity WHERE pid = {backend}") == "active")
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not server.is_running())
        assert not gone(backend)
        server.start()
        eventually(lambda: gone(backend))
    assert ask(server, "SELECT 1") == 1


def test_a_server_whose_parent_was_killed_is_adopted(data_dir: Path, servers: Servers) -> None:
    with starter(data_dir) as parent:
        assert parent.stdout is not None
        orphan = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    assert not gone(orphan)
    heir = servers(data_dir)
    assert f"{heir.url()}".startswith("postgresql://contextline@/contextline?host=")
    heir.start()
    assert heir.pid == orphan
    assert ask(heir, "SELECT 1") == 1
    heir.stop()
    assert gone(orphan)


def test_two_starts_at_once_end_with_one_server(data_dir: Path, servers: Servers) -> None:
    with starter(data_dir) as one, starter(data_dir) as other:
        assert one.stdout is not None
        assert other.stdout is not None
        first, second = int(one.stdout.readline()), int(other.stdout.readline())
        assert first == second
        # A child that was just forked looks like its postmaster until it gives itself a title.
        eventually(lambda: postmasters(data_dir) == [first])
    server = servers(data_dir)
    server.start()
    assert server.pid == first


@pytest.mark.parametrize("initdb_too", [True, False], ids=["with initdb", "but not initdb"])
def test_a_start_killed_while_it_makes_the_cluster_is_done_over(
    data_dir: Path, servers: Servers, initdb_too: bool
) -> None:
    with starter(data_dir, NEVER_DONE) as parent:
        eventually(lambda: list(data_dir.glob("postgres.new-*/global")))
        if initdb_too:
            os.killpg(parent.pid, signal.SIGKILL)
        parent.kill()
        parent.wait()
    assert list(data_dir.glob("postgres.new-*"))
    assert not (data_dir / "postgres").exists()
    server = servers(data_dir)
    server.start()
    assert ask(server, "SELECT 1") == 1
    assert not list(data_dir.glob("postgres.new-*"))


def test_a_start_killed_before_the_database_was_made_is_done_over(data_dir: Path, servers: Servers) -> None:
    server = servers(data_dir)
    server.start()
    with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE contextline")
        connection.execute("DROP ROLE contextline")
    server.start()
    assert ask(server, "SELECT current_database()::text") == DATABASE


@pytest.mark.parametrize("content", ["{pid}\n", "", "rubbish\n"], ids=["another process", "nothing", "rubbish"])
def test_a_stale_pid_file_does_not_hinder_a_start(data_dir: Path, servers: Servers, content: str) -> None:
    server = servers(data_dir)
    server.start()
    server.stop()
    layout = find_layout(data_dir)
    assert layout is not None
    # The same user's, since PostgreSQL itself knows that another user's process can't be its server.
    options = layout.account.process_options(server.bin_dir)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, **options) as innocent:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (layout.cluster / name).write_text(content.format(pid=innocent.pid))
        assert find_postmaster(layout) is None
        server.start()
        assert innocent.poll() is None
        innocent.kill()
    assert ask(server, "SELECT 1") == 1


def test_a_cluster_of_another_major_version_is_refused(data_dir: Path, servers: Servers) -> None:
    server = servers(data_dir)
    server.start()
    server.stop()
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match=r"PostgreSQL 17.*dump it"):
        server.start()


def test_a_folder_of_something_else_is_left_alone(data_dir: Path, servers: Servers) -> None:
    foreign = data_dir / "postgres"
    foreign.mkdir(parents=True)
    data_dir.chmod(0o711)
    (foreign / "letter.txt").write_text("dear")
    if os.geteuid() == 0:
        os.chown(foreign, NOBODY, NOBODY)
    with pytest.raises(EmbeddedPostgresError, match="something else"):
        servers(data_dir).start()
    assert (foreign / "letter.txt").read_text() == "dear"


def test_why_the_server_ended_is_told(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={**FAST, "max_connections": "many"})
    with pytest.raises(EmbeddedPostgresError, match='invalid value for parameter "max_connections"'):
        server.start()
    assert not server.is_running()
