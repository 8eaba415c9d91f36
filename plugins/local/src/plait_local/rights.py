"""
Rights: running workers as another user than the engine, which must be root for that, and touching what is theirs with no more rights.

Whatever that user owns may be replaced by a link to something else at any moment. So the engine reads and writes there as that user
(``acting_as``), and keeps its own notes where that user cannot write. Why: docs/adr/tasks-of-another-user.md
"""

import ctypes
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import EACCES
from functools import cache
from itertools import takewhile
from pathlib import Path
from pwd import getpwnam, getpwuid, struct_passwd
from stat import S_ISDIR
from tempfile import mkdtemp
from typing import TypedDict

from plait_core.worker.results import RESULTS

WORK = "work"
"""The folder within that of a worker in which tasks find themselves whose code came as a bundle, or that are another user's."""

_SETGROUPS = {"x86_64": 116, "aarch64": 159, "riscv64": 159, "ppc64le": 81, "s390x": 206}
"""The number of the system call, by machine; the function of the C library would change all threads."""


class Rights(TypedDict, total=False):
    """What ``subprocess`` is told about the user of a process."""

    user: int
    group: int
    extra_groups: Sequence[int]


def user_of(run_as: str) -> struct_passwd:
    """Return the user with that name or number. Raises ``KeyError`` when this machine has none."""
    return getpwuid(int(run_as)) if run_as.isdigit() else getpwnam(run_as)


def another_user(run_as: str) -> struct_passwd | None:
    """Return the user that a setting names; ``None`` where it names nobody, or whom this process belongs to."""
    user = user_of(run_as) if run_as else None
    return user if user is not None and user.pw_uid != os.geteuid() else None


def can_act_as_others() -> bool:
    """Whether this process may be another user for a moment: it is root, on Linux, on a machine whose system calls are known."""
    return os.geteuid() == 0 and sys.platform == "linux" and platform.machine() in _SETGROUPS


def rights(user: struct_passwd | None) -> Rights:
    """Return what makes a process one of that user, with the groups that it is in."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": _groups_of(user)}


def variables_of(user: struct_passwd, workplace: Path) -> dict[str, str]:
    """Return the variables that say who a process is; one whose user has no home is at home where it works."""
    home = user.pw_dir if Path(user.pw_dir).is_dir() else str(workplace)
    return {"HOME": home, "USER": user.pw_name, "LOGNAME": user.pw_name}


def give_folder(folder: Path, user: struct_passwd) -> None:
    """Make a folder for that user alone, unless it is there; nobody finds it while it is not the user's yet."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(prefix=".plait-", dir=folder.parent))
    os.chown(made, user.pw_uid, user.pw_gid)
    try:
        made.rename(folder)
    except OSError:
        made.rmdir()
        if not folder.exists():  # else somebody else was faster
            raise


def give_root(folder: Path, user: struct_passwd, *, least: Path | None = None) -> list[Path]:
    """
    Make the topmost of the folders that *folder* lacks, for that user alone; those above *least* are for everybody to pass.

    Returns the ones that have a new name in them, the deepest first. Raises ``PermissionError`` where a folder above is not the
    engine's own: whoever owns it may lead the engine elsewhere.
    """
    missing = folders_that_lack(folder)
    for above in (folder, *folder.parents)[len(missing) :]:
        found = above.lstat()
        if not missing or found.st_uid != os.geteuid() or not S_ISDIR(found.st_mode):
            raise PermissionError(EACCES, f"permission denied to {user.pw_name}", str(above))
    passed = missing[missing.index(least) + 1 :] if least in missing else []
    for above in reversed(passed):
        above.mkdir(exist_ok=True)
        above.chmod(0o711)
    given = missing[-1 - len(passed)]
    give_folder(given, user)
    return [made.parent for made in (given, *passed)]


def folders_that_lack(folder: Path) -> list[Path]:
    """Return *folder* and those above it that are not there, the deepest first."""
    return [*takewhile(lambda path: not path.exists(), (folder, *folder.parents))]


def open_to(user: struct_passwd, folder: Path) -> None:
    """
    Let that user work in the folder of a worker, add to its results, and change nothing else there.

    Raises ``PermissionError`` when a folder above lets nobody through.
    """
    give_folder(folder / WORK, user)
    descriptor = os.open(folder / RESULTS, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.fchown(descriptor, user.pw_uid, user.pw_gid)
    finally:
        os.close(descriptor)
    folder.chmod(0o711)
    try:
        with acting_as(user):
            (folder / WORK).stat()
    except PermissionError as error:
        raise PermissionError(
            f"user {user.pw_name} cannot reach {folder}: every folder above it must let others through (chmod o+x)"
        ) from error


@contextmanager
def acting_as(user: struct_passwd | None) -> Iterator[None]:
    """
    Let this thread reach files with the rights of *user*, and no others, in a block that never waits; ``None`` changes nothing.

    A thread that is started in there would keep them.
    """
    if user is None:
        yield
        return
    system, groups = _system(), os.getgroups()
    _set_groups(_groups_of(user))
    system.setfsgid(user.pw_gid)
    system.setfsuid(user.pw_uid)
    try:
        yield
    finally:
        system.setfsuid(os.geteuid())
        system.setfsgid(os.getegid())
        _set_groups(groups)


@cache
def _groups_of(user: struct_passwd) -> tuple[int, ...]:
    return tuple(os.getgrouplist(user.pw_name, user.pw_gid))


@cache
def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _set_groups(groups: Sequence[int]) -> None:
    listed = (ctypes.c_uint * len(groups))(*groups)
    if _system().syscall(_SETGROUPS[platform.machine()], len(groups), listed) != 0:
        number = ctypes.get_errno()
        raise PermissionError(number, os.strerror(number))
