"""A database is brought to this program's schema once, whole, and by one process at a time."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from infrastructure.postgres import migrate as module
from infrastructure.postgres.connections import API, PROJECTION, conninfo
from infrastructure.postgres.embedded import OWNER, SUPERUSER
from infrastructure.postgres.migrate import Migration, MigrationError, available, check_current, migrate
from tests.fixtures.servers import Server
from tests.fixtures.waiting import DEADLINE

NAMES = [migration.name for migration in available()]
RECORDS: LiteralString = "SELECT number, name, checksum FROM contextline.schema_migrations ORDER BY number"
APPLIED: LiteralString = "SELECT applied_at FROM contextline.schema_migrations ORDER BY number"
LOCK: LiteralString = "SELECT pg_advisory_lock(28003034857104998)"
WAITING: LiteralString = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
)
ASLEEP: LiteralString = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


def query(url: str, statement: LiteralString) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def until(condition: Callable[[], Any], seconds: float = DEADLINE) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.01)
    return value


def one_more(statements: str = "CREATE TABLE contextline.more (a integer)") -> list[Migration]:
    known = available()
    return [*known, Migration(len(known) + 1, f"{len(known) + 1:04}_more", statements.encode())]


def stop_before(number: int, url: str) -> None:
    """Leave a database behind that has the migrations before that one."""
    broken = [one._replace(statements=b"SELECT 1 / 0") if one.number == number else one for one in available()]
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(url, broken)


def test_everything_is_applied_once_in_order_and_recorded(empty_database_url: str) -> None:
    assert migrate(empty_database_url) == NAMES
    assert sorted(NAMES) == NAMES
    records = query(empty_database_url, RECORDS)
    assert records == [(migration.number, migration.name, migration.checksum) for migration in available()]
    times = query(empty_database_url, APPLIED)
    assert times == sorted(times)
    check_current(empty_database_url)

    assert migrate(empty_database_url) == []
    assert query(empty_database_url, APPLIED) == times


def test_what_is_new_is_applied_to_a_database_that_has_the_rest(empty_database_url: str) -> None:
    stop_before(2, empty_database_url)
    assert [name for _, name, _ in query(empty_database_url, RECORDS)] == NAMES[:1]
    assert migrate(empty_database_url) == NAMES[1:]
    assert migrate(empty_database_url, one_more()) == [one_more()[-1].name]
    assert query(empty_database_url, "SELECT * FROM contextline.more") == []


def test_new_tables_are_open_to_the_roles_too(empty_database_url: str) -> None:
    migrate(empty_database_url, one_more())
    for role in (API, PROJECTION):
        assert query(conninfo(empty_database_url, role), "SELECT * FROM contextline.more") == []


def test_of_several_at_once_one_applies_and_the_others_find_it_done(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as held, ThreadPoolExecutor(4) as pool:
        held.execute(LOCK)
        running: list[Future[list[str]]] = [pool.submit(migrate, empty_database_url) for _ in range(4)]
        until(lambda: held.execute(WAITING).fetchall() == [(4,)])
        held.close()
        done = [future.result(DEADLINE) for future in running]
    assert sorted(done) == [[], [], [], NAMES]
    assert len(query(empty_database_url, RECORDS)) == len(NAMES)


def test_two_databases_of_a_server_at_once_share_the_roles(any_server: Server) -> None:
    start = threading.Barrier(3)

    def together(url: str) -> list[str]:
        start.wait(DEADLINE)
        return migrate(url)

    with (
        any_server.database(migrated=False) as one,
        any_server.database(migrated=False) as two,
        any_server.database(migrated=False) as three,
        ThreadPoolExecutor(3) as pool,
    ):
        assert list(pool.map(together, [one, two, three])) == [NAMES] * 3
        for url in (one, two, three):
            check_current(url)
            assert query(conninfo(url, API), "SELECT count(*) FROM contextline.events") == [(0,)]


def test_a_database_of_a_newer_program_is_refused_by_name(empty_database_url: str) -> None:
    migrate(empty_database_url, one_more())
    for refused in (migrate, check_current):
        with pytest.raises(MigrationError, match=f"newer than this program.*{one_more()[-1].name}.*newer contextline"):
            refused(empty_database_url)


def test_a_migration_that_was_changed_since_is_refused_by_name(empty_database_url: str) -> None:
    first, *others = available()
    changed = [first._replace(statements=first.statements + b"-- changed"), *others]
    migrate(empty_database_url, changed)
    for refused in (migrate, check_current):
        with pytest.raises(MigrationError, match=f"{first.name}.*another form"):
            refused(empty_database_url)
    assert query(empty_database_url, RECORDS)[0][2] == changed[0].checksum


def test_a_migration_that_fails_half_way_leaves_whole_ones(empty_database_url: str) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_database_url, one_more("CREATE TABLE contextline.half (a integer); SELECT 1 / 0"))
    assert [name for _, name, _ in query(empty_database_url, RECORDS)] == NAMES
    assert query(empty_database_url, "SELECT to_regclass('contextline.half')") == [(None,)]
    check_current(empty_database_url)
    assert migrate(empty_database_url, one_more()) == [one_more()[-1].name]


def test_a_migration_killed_half_way_leaves_whole_ones(empty_database_url: str) -> None:
    slow = one_more("CREATE TABLE contextline.half (a integer); SELECT pg_sleep(120)")
    with psycopg.connect(empty_database_url, autocommit=True) as look, ThreadPoolExecutor(2) as pool:
        killed = pool.submit(migrate, empty_database_url, slow)
        (pid,) = until(lambda: look.execute(ASLEEP).fetchone())
        waits = pool.submit(migrate, empty_database_url, one_more())
        until(lambda: look.execute(WAITING).fetchall() == [(1,)])
        look.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(psycopg.OperationalError):
            killed.result(DEADLINE)
        assert waits.result(DEADLINE) == [one_more()[-1].name]
    assert query(empty_database_url, "SELECT to_regclass('contextline.half')") == [(None,)]


def test_a_database_that_is_behind_or_was_never_set_up_is_told_of(empty_database_url: str) -> None:
    count = len(NAMES)
    with pytest.raises(MigrationError, match=f"0 of {count} migrations.*contextline migrate"):
        check_current(empty_database_url)
    assert query(empty_database_url, "SELECT to_regnamespace('contextline')") == [(None,)]
    stop_before(count, empty_database_url)
    with pytest.raises(MigrationError, match=f"{count - 1} of {count} migrations"):
        check_current(empty_database_url)


@pytest.mark.parametrize("role", [API, PROJECTION])
def test_the_servers_roles_can_check_but_not_migrate(any_database_url: str, role: str) -> None:
    check_current(conninfo(any_database_url, role))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        migrate(conninfo(any_database_url, role), one_more())


@pytest.fixture
def limited(any_server: Server, empty_database_url: str) -> Iterator[tuple[str, str]]:
    """The owner of an empty database who may not create roles: name and URL."""
    name, database = f"limited_{uuid4().hex[:8]}", str(conninfo_to_dict(empty_database_url)["dbname"])
    any_server.make_role(name)
    any_server.execute("ALTER DATABASE {} OWNER TO {}", database, name)
    yield name, any_server.url(name, database)
    any_server.execute("ALTER DATABASE {} OWNER TO {}", database, OWNER)
    with psycopg.connect(any_server.url(SUPERUSER, database)) as connection:
        connection.execute(psycopg.sql.SQL("DROP OWNED BY {} CASCADE").format(psycopg.sql.Identifier(name)))
    any_server.execute("DROP ROLE {}", name)


def test_who_may_not_create_roles_is_told_what_to_ask_for(
    limited: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "API", "contextline_not_made_yet")
    with pytest.raises(MigrationError, match=r"contextline_not_made_yet is missing.*CREATE ROLE.*GRANT.*migrate again"):
        migrate(limited[1])


def test_who_may_not_create_roles_needs_to_be_a_member_of_them(any_server: Server, limited: tuple[str, str]) -> None:
    name, url = limited
    any_server.execute("GRANT {}, {} TO {}", API, PROJECTION, name)
    assert migrate(url) == NAMES
    assert query(conninfo(url, API), "SELECT count(*) FROM contextline.events") == [(0,)]


def test_who_is_no_member_of_the_roles_is_told_what_to_ask_for(
    any_server: Server, migrated_elsewhere: None, limited: tuple[str, str]
) -> None:
    with pytest.raises(MigrationError, match=f"GRANT {API}"):
        migrate(limited[1])


@pytest.fixture
def migrated_elsewhere(any_server: Server) -> Iterator[None]:
    """The roles are there."""
    with any_server.database():
        yield
