"""The roles that the server's processes have can add to the log, and change nothing in it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from infrastructure.postgres.connections import API, PROJECTION, conninfo
from infrastructure.postgres.embedded import OWNER, SUPERUSER
from tests.fixtures.postgres import BOTH, server_of
from tests.fixtures.servers import Server

READ_MODEL = """
CREATE SCHEMA shop_v1;
CREATE TABLE shop_v1.wares (name text);
INSERT INTO shop_v1.wares VALUES ('kept');
GRANT USAGE ON SCHEMA shop_v1 TO contextline_api;
GRANT SELECT ON ALL TABLES IN SCHEMA shop_v1 TO contextline_api;
"""
FILL = """
INSERT INTO contextline.streams VALUES (1, 1, '00000000-0000-0000-0000-000000000001', 1, 's');
INSERT INTO contextline.events VALUES (1, '2026-01-01', 1, 1, 1, 1, '', '\\x10');
INSERT INTO contextline.recorder_snapshots VALUES (1, 's', 1, 't', '');
"""

TO_NEITHER = [
    "UPDATE contextline.events SET payload = ''",
    "UPDATE contextline.events SET recorded_at = recorded_at",
    "DELETE FROM contextline.events",
    "TRUNCATE contextline.events",
    "TRUNCATE contextline.events, contextline.streams CASCADE",
    "INSERT INTO contextline.events SELECT * FROM contextline.events ON CONFLICT (position) DO UPDATE SET payload = ''",
    "MERGE INTO contextline.events e USING contextline.streams s ON e.stream_no = s.stream_no WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM contextline.events RETURNING *) SELECT count(*) FROM gone",
    "SELECT * FROM contextline.events FOR UPDATE",
    "DELETE FROM contextline.streams",
    "TRUNCATE contextline.streams",
    "UPDATE contextline.streams SET stream_no = 7",
    "UPDATE contextline.streams SET stream_id = '00000000-0000-0000-0000-000000000002'",
    "UPDATE contextline.streams SET name = 'another'",
    "UPDATE contextline.tenants SET name = 'another'",
    "DELETE FROM contextline.event_types",
    "UPDATE contextline.event_types SET name = 'another'",
    "DELETE FROM contextline.schema_migrations",
    "UPDATE contextline.schema_migrations SET checksum = ''",
    "DELETE FROM contextline.recorder_tracking",
    "SELECT setval('contextline.stream_numbers', 1)",
    "DROP TABLE contextline.events",
    "DROP SCHEMA contextline CASCADE",
    "CREATE TABLE contextline.mine (a integer)",
    "CREATE INDEX ON contextline.events (tenant_id)",
    "ALTER TABLE contextline.events DISABLE TRIGGER ALL",
    "ALTER TABLE contextline.events ADD COLUMN mine integer",
    "ALTER TABLE contextline.events RENAME TO others",
    "ALTER TABLE contextline.events OWNER TO CURRENT_USER",
    "CREATE RULE mine AS ON INSERT TO contextline.events DO INSTEAD NOTHING",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "SET session_replication_role = replica",
    "COPY contextline.events FROM PROGRAM 'true'",
]
NOT_TO_THE_API = [
    "INSERT INTO contextline.projections VALUES ('shop', 2, true, 0, '2026-01-01', NULL)",
    "UPDATE contextline.projections SET position = 0",
    "DELETE FROM contextline.projections",
    "UPDATE contextline.projection_leases SET owner = 'me'",
    "INSERT INTO shop_v1.wares VALUES ('forged')",
    "UPDATE shop_v1.wares SET name = 'forged'",
    "DELETE FROM shop_v1.wares",
    "TRUNCATE shop_v1.wares",
    "DROP SCHEMA shop_v1 CASCADE",
    "CREATE SCHEMA mine",
    "UPDATE contextline.recorder_snapshots SET state = ''",
]
NOT_TO_A_PROJECTION = [
    "INSERT INTO contextline.events VALUES (2, '2026-01-01', 1, 1, 2, 1, '', '')",
    "INSERT INTO contextline.streams VALUES (1, 2, '00000000-0000-0000-0000-000000000002', 1, 's')",
    "UPDATE contextline.streams SET version = 9",
    "INSERT INTO contextline.tenants (name) VALUES ('mine')",
    "INSERT INTO contextline.event_types (name) VALUES ('mine')",
    "SELECT nextval('contextline.stream_numbers')",
    "INSERT INTO contextline.recorder_tracking VALUES (1, 'mine', 1)",
    "INSERT INTO contextline.recorder_snapshots VALUES (1, 's', 2, 't', '')",
    "DELETE FROM contextline.projections",
]
REFUSED = [
    *((role, statement) for role in (API, PROJECTION) for statement in TO_NEITHER),
    *((API, statement) for statement in NOT_TO_THE_API),
    *((PROJECTION, statement) for statement in NOT_TO_A_PROJECTION),
]


@pytest.fixture(scope="module", params=BOTH)
def server(request: pytest.FixtureRequest) -> Server:
    return server_of(request)


@pytest.fixture(scope="module")
def url(server: Server) -> Iterator[str]:
    """A database with one event, one stream and a read model, for tests that all fail to change it."""
    with server.database() as made:
        with psycopg.connect(conninfo(made, API), autocommit=True) as api:
            api.execute(FILL)
        with psycopg.connect(conninfo(made, PROJECTION), autocommit=True) as projection:
            projection.execute(READ_MODEL)
        yield made


@pytest.fixture
def logged_in(server: Server, url: str) -> Any:
    """Connects as a role itself, not as the owner who takes it on."""
    return lambda role: psycopg.connect(server.url(role, name_of(url)), autocommit=True)


def name_of(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


@pytest.mark.parametrize(("role", "statement"), REFUSED)
def test_is_refused(url: str, role: str, statement: Any) -> None:
    with (
        psycopg.connect(conninfo(url, role)) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_log_is_as_it_was_written(url: str) -> None:
    with psycopg.connect(conninfo(url, PROJECTION)) as connection:
        events = connection.execute("SELECT position, version, payload FROM contextline.events").fetchall()
        streams = connection.execute("SELECT stream_no, version, name FROM contextline.streams").fetchall()
    assert (events, streams) == ([(1, 1, b"\x10")], [(1, 1, "s")])


@pytest.mark.parametrize("role", [API, PROJECTION])
def test_nobody_can_grant_themselves_more(url: str, role: str) -> None:
    with psycopg.connect(conninfo(url, role), autocommit=True) as connection:
        connection.execute("GRANT UPDATE, DELETE, TRUNCATE ON contextline.events TO CURRENT_USER")  # a warning, no more
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("DELETE FROM contextline.events")


@pytest.mark.parametrize("role", [API, PROJECTION])
def test_a_role_that_was_taken_on_is_not_put_off_by_resetting(url: str, role: str) -> None:
    with psycopg.connect(conninfo(url, role), autocommit=True) as connection:
        connection.execute("RESET ROLE")
        connection.execute("RESET ALL")
        connection.execute("DISCARD ALL")
        assert connection.execute("SELECT current_user::text").fetchone() == (role,)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("DELETE FROM contextline.events")


@pytest.mark.parametrize(
    ("role", "wanted"),
    [(role, wanted) for role in (API, PROJECTION) for wanted in (OWNER, SUPERUSER, API, PROJECTION) if role != wanted],
)
def test_who_logs_in_as_one_role_can_take_on_no_other(logged_in: Any, role: str, wanted: Any) -> None:
    with logged_in(role) as connection:
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(f"SET ROLE {wanted}")
        connection.execute("SET ROLE NONE")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("DELETE FROM contextline.events")


@pytest.mark.parametrize("role", [API, PROJECTION])
def test_the_roles_are_no_more_than_they_need_to_be(url: str, role: str) -> None:
    with psycopg.connect(conninfo(url, role)) as connection:
        powers = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owned = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'contextline' AND tableowner = %s", [role]
        ).fetchone()
    assert powers == (False,) * 5
    assert owned == (0,)


def test_other_users_see_nothing(server: Server, url: str) -> None:
    server.execute("CREATE ROLE {} LOGIN", "passer_by")
    try:
        with psycopg.connect(server.url(SUPERUSER, name_of(url)), autocommit=True) as connection:
            connection.execute("SET ROLE passer_by")
            for statement in ("SELECT * FROM contextline.events", "SELECT * FROM shop_v1.wares"):
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(statement)
    finally:
        server.execute("DROP ROLE {}", "passer_by")
