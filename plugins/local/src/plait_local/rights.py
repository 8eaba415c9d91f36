"""Rights: running workers as another user than the engine."""

import os
from pathlib import Path
from pwd import getpwnam, getpwuid, struct_passwd
from typing import TypedDict


class Rights(TypedDict, total=False):
    """What ``subprocess`` is told about the user of a process."""

    user: int
    group: int
    extra_groups: list[int]


def user_of(run_as: str) -> struct_passwd:
    """Return the user with that name or number. Raises ``KeyError`` when this machine has none."""
    return getpwuid(int(run_as)) if run_as.isdigit() else getpwnam(run_as)


def rights(run_as: str, folder: Path) -> Rights:
    """Return what makes a process that of another user, and let that user write to the worker's folder."""
    if not run_as:
        return {}
    user = user_of(run_as)
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
