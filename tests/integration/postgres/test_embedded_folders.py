import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from embedded_support import NOBODY, Servers, as_another_user, ask, reachable_folder, stopped_afterwards, write

from infrastructure.postgres import embedded_layout
from infrastructure.postgres.embedded import OWNER, EmbeddedPostgres, EmbeddedPostgresError
from infrastructure.postgres.embedded_layout import NOTE, default_data_dir, find_layout
from infrastructure.postgres.embedded_process import ServerLog
from infrastructure.postgres.service_user import ENTER, READ, SERVICE_USER, Account, allows, can_enter

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands processes to another user")


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


def test_a_url_needs_a_cluster(data_dir: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="start it first"):
        EmbeddedPostgres(data_dir).url()


@pytest.mark.parametrize("name", ["x" * 120, "a,b", 'it\'s "quoted" & 100 %'], ids=["long", "comma", "quotes"])
def test_a_path_that_no_socket_can_have_is_no_hindrance(
    folder: Path, servers: Servers, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    server = servers(folder / name)
    server.start()
    assert ask(server, "SELECT 1") == 1
    (socket,) = folder.glob("contextline-*")
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert server.pid is not None
    assert socket.stat().st_uid == psutil.Process(server.pid).uids().real
    monkeypatch.setattr(tempfile, "tempdir", "/")
    assert str(folder).replace("/", "%2F") in servers(folder / name).url()
    server.stop()
    assert not socket.exists()


def test_a_socket_folder_that_others_can_enter_is_refused(
    folder: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    server = servers(folder / ("x" * 120))
    server.start()
    (socket,) = folder.glob("contextline-*")
    server.stop()
    socket.mkdir(mode=0o755)
    with pytest.raises(EmbeddedPostgresError, match="mode 0700"):
        server.start()


@root_only
def test_a_folder_that_the_service_user_cannot_reach_has_its_cluster_elsewhere(
    folder: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_layout, "SYSTEM_ROOT", folder / "system")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = servers(closed / "data")
    server.start()
    write(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    (cluster,) = (folder / "system" / "clusters").iterdir()
    assert str(cluster) in (closed / "data" / NOTE).read_text()
    assert not (closed / "data" / "postgres").exists()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    server.stop()

    (closed / "data").rename(closed / "moved")
    moved = servers(closed / "moved")
    moved.start()
    assert ask(moved, "SELECT answer FROM kept") == 42


@root_only
def test_a_cluster_that_its_user_cannot_reach_any_more_is_not_replaced_by_a_new_one(
    data_dir: Path, servers: Servers
) -> None:
    server = servers(data_dir)
    server.start()
    server.stop()
    data_dir.chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match=f"{SERVICE_USER}.*chmod o"):
        server.start()


@root_only
def test_programs_that_the_service_user_cannot_reach_are_copied(
    folder: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_layout, "SYSTEM_ROOT", folder / "system")
    monkeypatch.setattr(embedded_layout, "_runs_from", lambda package, account: False)
    server = servers(folder / "data")
    server.start()
    assert server.bin_dir.is_relative_to(folder / "system" / "postgresql")
    assert ask(server, "SELECT 1") == 1
    layout = find_layout(folder / "data")
    assert layout is not None
    version = [server.bin_dir / "pg_dump", "--version"]
    done = subprocess.run(
        version, capture_output=True, text=True, check=True, **layout.account.process_options(server.bin_dir)
    )
    assert "PostgreSQL) 18" in done.stdout


@root_only
def test_an_ordinary_user_runs_its_own_server_and_root_can_run_it_for_them(folder: Path, servers: Servers) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY, NOBODY)
    expected = {"who": OWNER, "uid": NOBODY}
    assert as_another_user(home / "data") == expected
    server = servers(home / "data")
    (home / "data" / "postgres.log").unlink()
    server.start()
    assert server.pid is not None
    assert psutil.Process(server.pid).uids().real == NOBODY
    server.stop()
    assert as_another_user(home / "data") == expected


@root_only
def test_an_ordinary_user_is_told_whose_data_folder_it_is(data_dir: Path, servers: Servers) -> None:
    server = servers(data_dir)
    server.start()
    server.stop()
    assert "run contextline as the user" in str(as_another_user(data_dir)["error"])


def test_a_log_that_has_grown_long_is_put_aside(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "postgres.log")
    for size, aside in ((1000, False), (10 * 1024 * 1024 + 1, True)):
        log.path.touch()
        os.truncate(log.path, size)
        with log.opened() as descriptor:
            os.write(descriptor, b"news")
        assert log.tail() == "news"
        assert (tmp_path / "postgres.log.1").exists() == aside


@pytest.mark.parametrize(
    ("mode", "owner", "group", "wanted", "answer"),
    [
        (0o700, 7, 7, READ | ENTER, True),
        (0o077, 7, 7, ENTER, False),
        (0o750, 1, 7, READ | ENTER, True),
        (0o707, 1, 7, ENTER, False),
        (0o711, 1, 1, ENTER, True),
        (0o711, 1, 1, READ | ENTER, False),
        (0o770, 1, 1, ENTER, False),
    ],
)
def test_the_first_class_of_permissions_that_fits_decides(
    mode: int, owner: int, group: int, wanted: int, answer: bool
) -> None:
    assert allows(mode, owner, group, Account(7, 7), wanted) is answer


def test_root_may_pass_everywhere() -> None:
    assert allows(0o000, 1, 1, Account(0, 0), READ | ENTER)


def test_one_closed_parent_closes_a_folder() -> None:
    def status(path: Path) -> os.stat_result:
        mode = 0o700 if path == Path("/closed") else 0o755
        return os.stat_result((mode, 0, 0, 0, 1, 1, 0, 0, 0, 0))

    assert can_enter(Path("/open/folder"), Account(7, 7), stat=status)
    assert not can_enter(Path("/closed/folder"), Account(7, 7), stat=status)


def test_the_default_data_folder_is_in_the_checkout_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outside = default_data_dir()
    assert outside.is_absolute()
    assert not outside.is_relative_to(tmp_path)
    (tmp_path / "domain").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "another"\n')
    assert default_data_dir() == outside
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "contextline"\n')
    assert default_data_dir() == Path.cwd() / ".contextline"
