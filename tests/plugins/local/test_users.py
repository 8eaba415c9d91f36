"""Users by project: whom settings name, and whose the folders of the projects in the blob store are."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from pwd import getpwnam
from tempfile import mkdtemp

import pytest

from plait_core.errors.stores import BlobDenied
from plait_local.blobs import FileBlobStore
from plait_local.health import check_worker
from plait_local.rights import can_act_as_others
from plait_local.settings import LocalSettings
from plait_local.users import Users

OTHERS, BILLING = getpwnam("nobody"), getpwnam("daemon")
RUN_AS = {"*": OTHERS.pw_name, "billing": BILLING.pw_name}

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not can_act_as_others(), reason="only root can act as another user"),
]


@pytest.fixture
def anyio_backend() -> str:
    """No store cares."""
    return "asyncio"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of root's that everybody can get into."""
    folder = Path(mkdtemp(prefix="plait-users-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def store(folder: Path) -> FileBlobStore:
    """What a server has whose projects have users of their own."""
    return FileBlobStore(LocalSettings(run_as=RUN_AS), root=f"file://{folder}/blobs")


@pytest.mark.parametrize(
    ("run_as", "problem"),
    [
        ("nobody-at-all", "run_as names no user of this machine"),
        ({"*": "nobody", "billing": "nobody-at-all"}, "run_as.billing names no user of this machine"),
        ({"billing": "nobody"}, r"run_as must name a user for '\*', all projects that it does not name"),
    ],
)
def test_users_that_are_not_there_are_refused(run_as: str | Mapping[str, str], problem: str) -> None:
    """When settings are read, by the key that names them."""
    with pytest.raises(ValueError, match=problem):
        LocalSettings(run_as=run_as)


@pytest.mark.parametrize(
    ("run_as", "users"),
    [
        ("", (None, None)),
        (OTHERS.pw_name, (OTHERS, OTHERS)),
        (RUN_AS, (OTHERS, BILLING)),
        ({"*": str(os.geteuid()), "billing": str(BILLING.pw_uid)}, (None, BILLING)),
    ],
)
def test_project_has_its_user_or_that_of_all_others(run_as: str | Mapping[str, str], users: tuple[object, ...]) -> None:
    """The engine's own is nobody else."""
    found = Users.named_by(LocalSettings(run_as=run_as), "file:///blobs")

    assert (found.of("default"), found.of("billing")) == users


@pytest.mark.parametrize(
    ("path", "user"),
    [
        ("/srv/blobs/raw/billing", BILLING),
        ("/srv/blobs/meta/billing/development/e/n0", BILLING),
        ("/srv/blobs/meta/default/billing/e/n0", OTHERS),
        ("/srv/blobs/billing", OTHERS),
        ("/srv/blobs", OTHERS),
        ("/srv/other/raw/billing/x", OTHERS),
        ("/srv/blobs2/raw/billing/x", OTHERS),
    ],
)
@pytest.mark.parametrize("root", ["file:///srv/blobs", "/srv/blobs/"])
def test_second_folder_below_the_root_is_the_project(root: str, path: str, user: object) -> None:
    """Whatever else is in files is that of all others."""
    assert Users.named_by(LocalSettings(run_as=RUN_AS), root).at(Path(path)) == user


async def test_folder_of_a_project_is_its_users_alone(folder: Path, store: FileBlobStore) -> None:
    """Those above are root's and show nobody what projects there are, whatever mask root has."""
    before = os.umask(0o077)
    try:
        await store.put(f"file://{folder}/blobs/raw/billing/development/a", b"1")
        await store.put(f"{folder}/blobs/raw/default/development/a", b"1")
    finally:
        os.umask(before)

    assert _owners(folder) == {
        "blobs": (0, "711"),
        "blobs/raw": (0, "711"),
        "blobs/raw/billing": (BILLING.pw_uid, "700"),
        "blobs/raw/billing/development": (BILLING.pw_uid, "700"),
        "blobs/raw/billing/development/a": (BILLING.pw_uid, "600"),
        "blobs/raw/default": (OTHERS.pw_uid, "700"),
        "blobs/raw/default/development": (OTHERS.pw_uid, "700"),
        "blobs/raw/default/development/a": (OTHERS.pw_uid, "600"),
    }


def _owners(folder: Path) -> dict[str, tuple[int, str]]:
    """Return whose everything below *folder* is, and what others may do with it."""
    found = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*")}
    return {name: (stat.st_uid, f"{stat.st_mode & 0o777:o}") for name, stat in found.items()}


async def test_link_into_another_project_leads_nowhere(folder: Path, store: FileBlobStore) -> None:
    """The server reads with the rights of the user in whose folder the link is."""
    theirs, ours = folder / "blobs/raw/billing/a", folder / "blobs/raw/default/a"
    await store.put(f"file://{theirs}", b"hush")
    await store.put(f"file://{ours}", b"1")
    ours.unlink()
    ours.symlink_to(theirs)

    assert await store.get(f"file://{theirs}") == b"hush"
    with pytest.raises(BlobDenied):
        await store.get(f"file://{ours}")


async def test_what_a_task_has_named_is_read_as_its_project(folder: Path, store: FileBlobStore) -> None:
    """Or it could let the server read for it what it cannot read itself."""
    uris = [f"file://{folder}/blobs/raw/{project}/a" for project in ("default", "billing")]
    for uri in uris:
        await store.put(uri, uri.encode())

    for project, own, other in (("default", *uris), ("billing", *reversed(uris))):
        seen = store.on_behalf_of(project)
        assert await seen.get(own) == own.encode()
        with pytest.raises(BlobDenied):
            await seen.get(other)


async def test_nothing_is_made_behind_a_link_into_another_project(folder: Path, store: FileBlobStore) -> None:
    """Not even by root, for whom it is no border."""
    await store.put(f"file://{folder}/blobs/raw/billing/a", b"1")
    await store.put(f"file://{folder}/blobs/raw/default/a", b"1")
    (folder / "blobs/raw/default/link").symlink_to(folder / "blobs/raw/billing")

    with pytest.raises(BlobDenied):
        await store.put(f"file://{folder}/blobs/raw/default/link/new/b", b"2")

    assert [path.name for path in (folder / "blobs/raw/billing").iterdir()] == ["a"]


async def test_full_durability_reaches_the_folders_of_root(folder: Path) -> None:
    """Those that were made for the object, too, which its user may not even list."""
    store = FileBlobStore(LocalSettings(run_as=RUN_AS), "full", f"file://{folder}/blobs")

    await store.put(f"file://{folder}/blobs/raw/billing/a", b"1")

    assert await store.get(f"file://{folder}/blobs/raw/billing/a") == b"1"


async def test_folder_that_root_does_not_own_is_given_to_nobody(folder: Path, store: FileBlobStore) -> None:
    """Whoever owns it could have put a link there."""
    (folder / "blobs").mkdir()
    os.chown(folder / "blobs", OTHERS.pw_uid, OTHERS.pw_gid)

    await store.put(f"file://{folder}/blobs/raw/default/a", b"1")  # its own
    with pytest.raises(BlobDenied):
        await store.put(f"file://{folder}/blobs/raw/billing/a", b"1")


@pytest.mark.parametrize(("mode", "detail"), [(0o700, "no worker can be started as "), (0o755, "as daemon, nobody; ")])
def test_doctor_starts_workers_of_every_user(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int, detail: str
) -> None:
    """An interpreter that only root may run is none."""
    (folder / "python").write_text("#!/bin/sh\n")
    (folder / "python").chmod(mode)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))

    found = check_worker(LocalSettings(run_as=RUN_AS))

    assert found.is_ok is (mode == 0o755)
    assert detail in found.detail
