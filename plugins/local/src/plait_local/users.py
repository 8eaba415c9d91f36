"""
Users: whose rights the tasks of each project have, and whose the folders of the projects in the blob store are.

What plait keeps of a project lies in ``<root>/<area>/<project>``, which is its user's alone; the folders above are the engine's, and let
everybody pass. Anything else in files is touched as the user of all projects that have none of their own.
"""

from collections.abc import Mapping
from pathlib import Path
from pwd import struct_passwd
from typing import Self

import attrs

from plait_core.plugins.settings import EVERY_PROJECT
from plait_local.rights import acting_as, another_user, folders_that_lack, give_root
from plait_local.settings import LocalSettings

SCHEME = "file://"


@attrs.frozen(eq=False)
class Users:
    """
    The users that settings name.

    ``others`` is the one of every project that is not in ``own``; ``None`` stands for the engine's own. ``root`` is the folder of the blob
    store, ``None`` where blobs are no files.
    """

    others: struct_passwd | None
    own: Mapping[str, struct_passwd | None]
    root: Path | None

    @classmethod
    def named_by(cls, settings: LocalSettings, blobs: str) -> Self:
        """Return those that *settings* name, where *blobs* is the URI below which plait keeps what is of projects."""
        users = {project: another_user(name) for project, name in settings.users.items()}
        is_file = blobs.startswith((SCHEME, "/"))
        return cls(users.pop(EVERY_PROJECT, None), users, Path(blobs.removeprefix(SCHEME)) if is_file else None)

    def of(self, project: str) -> struct_passwd | None:
        """Return the user of a project; ``None`` for the engine's own."""
        return self.own.get(project, self.others)

    def only(self, project: str) -> Self:
        """Return the user of a project as that of everything."""
        return attrs.evolve(self, others=self.of(project), own={})

    def at(self, path: Path) -> struct_passwd | None:
        """Return the user with whose rights *path* is touched; ``None`` for the engine's own."""
        if not self.own:
            return self.others
        folder = self._folder(path)
        return self.others if folder is None else self.of(folder.name)

    def make(self, folder: Path) -> list[Path]:
        """
        Make a folder with those above it, for whom it is; returns the ones that have a new name in them, the deepest first.

        Raises ``PermissionError`` where its user could not make it, and the engine may not.
        """
        user = self.at(folder)
        try:
            with acting_as(user):
                return _made(folder)
        except PermissionError:
            if user is None:
                raise
            above = give_root(folder, user, least=self._folder(folder))
            return [*self.make(folder), *above]

    def make_home(self, uri: str) -> None:
        """Make the folder of the project that *uri* lies in, before somebody works there who may not; elsewhere do nothing."""
        folder = self._folder(Path(uri.removeprefix(SCHEME)))
        if folder is not None and not folder.exists():
            self.make(folder)

    def _folder(self, path: Path) -> Path | None:
        """Return the folder of the project that *path* lies in; ``None`` elsewhere."""
        if self.root is None or not path.is_relative_to(self.root):
            return None
        area, project = (*path.parts[len(self.root.parts) :], "", "")[:2]
        return self.root / area / project if project else None


def _made(folder: Path) -> list[Path]:
    missing = folders_that_lack(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return [made.parent for made in missing]
