"""Which user of the operating system PostgreSQL runs as, and which folders that user can reach.

PostgreSQL refuses to run as root. Started by root, its processes are handed to a system user; started by anybody else,
they stay with that person.
"""

import grp
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVICE_USER = "contextline"
READ, ENTER = 4, 1

_CREATION_PATIENCE = 10.0
_POLL = 0.1


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL can't be set up, started or stopped as asked; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user that PostgreSQL's processes run as.

    `switch` tells whether they have to be handed over to it, which only root can do; without it we are that user.
    """

    uid: int
    gid: int
    switch: bool = False

    @property
    def name(self) -> str:
        """The user's name, or its number when it has none."""
        return user_name(self.uid)

    def own(self, folder: Path) -> None:
        """Make this user the owner of `folder`, a folder that we have just made ourselves."""
        if self.switch:
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)

    def process_options(self, bin_dir: Path) -> dict[str, Any]:
        """How `subprocess` runs a program of `bin_dir` as this user, with nothing of our own surroundings."""
        options: dict[str, Any] = {
            "cwd": "/",
            "env": {"PATH": f"{bin_dir}:/usr/bin:/bin", "LC_ALL": "C"},
            "umask": 0o077,
        }
        if self.switch:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options


def user_name(uid: int) -> str:
    """The name of a user of this machine, or its number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def allows(mode: int, owner: int, group: int, account: Account, wanted: int) -> bool:
    """Whether permission bits let `account` do `wanted` (READ, ENTER or their sum).

    As the kernel does it, the first class that fits decides: an owner without the right isn't helped by "others" having
    it. Access control lists aren't looked at; processes that we start have no groups but their own.
    """
    if account.uid == 0:
        return True
    shift = 6 if owner == account.uid else 3 if group == account.gid else 0
    return (mode >> shift) & wanted == wanted


def can_enter(
    folder: Path, account: Account, wanted: int = ENTER, stat: Callable[[Path], os.stat_result] = os.stat
) -> bool:
    """Whether `account` can come through every parent of `folder` and has the rights `wanted` in itself.

    `folder` is absolute and free of symbolic links; `stat` is what looks at a path.

    Raises:
        FileNotFoundError: the folder doesn't exist.
    """

    def permitted(path: Path, bits: int) -> bool:
        status = stat(path)
        return allows(status.st_mode, status.st_uid, status.st_gid, account, bits)

    return all(permitted(parent, ENTER) for parent in folder.parents) and permitted(folder, wanted)


def own_account() -> Account:
    """The user that we run as."""
    return Account(os.geteuid(), os.getegid())


def account_of(uid: int) -> Account:
    """The user to run a cluster as whose folder belongs to `uid`.

    Raises:
        EmbeddedPostgresError: we can't become that user, or it is root.
    """
    if uid == 0:
        raise EmbeddedPostgresError(
            "The PostgreSQL folder belongs to root, as whom PostgreSQL refuses to run: chown it."
        )
    if uid == os.geteuid():
        return own_account()
    if os.geteuid() != 0:
        raise EmbeddedPostgresError(
            f"The PostgreSQL folder belongs to the user {user_name(uid)}: run contextline as that user or as root, "
            "or choose another data folder."
        )
    try:
        return Account(uid, pwd.getpwuid(uid).pw_gid, switch=True)
    except KeyError:
        return Account(uid, uid, switch=True)


def service_account() -> Account:
    """The user that a new cluster belongs to: ourselves, or for root the system user, made when there is none yet.

    Raises:
        EmbeddedPostgresError: the system user can't be made.
    """
    if os.geteuid() != 0:
        return own_account()
    deadline = time.monotonic() + _CREATION_PATIENCE
    while True:
        try:
            return account_of(pwd.getpwnam(SERVICE_USER).pw_uid)
        except KeyError:
            complaint = _create_service_user()
        # Somebody else may be making it at this moment, or hold the lock of the user database for another user.
        if complaint and time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"Can't make the system user {SERVICE_USER}, as whom PostgreSQL runs when root starts it: {complaint}. "
                "Make it by hand, or run contextline as an ordinary user."
            )
        if complaint:
            time.sleep(_POLL)


def _create_service_user() -> str:
    """Ask for the system user; what the tool complained about, or nothing."""
    tool = shutil.which("useradd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if tool is None:
        raise EmbeddedPostgresError(
            "PostgreSQL doesn't run as root, and there is no `useradd` here to make a user for it: make a system user "
            f"named {SERVICE_USER}, or run contextline as an ordinary user."
        )
    try:
        grp.getgrnam(SERVICE_USER)
        group = ["--gid", SERVICE_USER]
    except KeyError:
        group = ["--user-group"]
    command = [tool, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", *group, SERVICE_USER]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return "" if done.returncode == 0 else done.stderr.strip() or f"useradd ended with {done.returncode}"
