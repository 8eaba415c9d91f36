"""Bundles in a worker: what is unpacked, what is refused, and where modules come from."""

import asyncio
import gzip
import io
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait_core.authoring.bundles import Bundle, bundle_of, bundle_uri
from plait_core.errors.bundles import BadBundleUri, BundleDamaged, BundleRefused
from plait_core.errors.stores import BlobMissing
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.units import FunctionCall, Result
from plait_core.plugins import Plugins, Settings
from plait_core.testing.memory import MemoryBlobStore
from plait_core.worker import bundles, perform
from plait_core.worker.bundles import unpack
from tests.unit.worker import samples
from tests.unit.worker.samples import literals, make_services, make_unit

ROOT = "memory://store"


def unpacked(data: bytes, cache_dir: Path, *, digest: str = "") -> Path:
    """Store *data* as a bundle and unpack it."""
    blobs = MemoryBlobStore()
    uri = bundle_uri(ROOT, "p", digest or sha256(data).hexdigest())

    async def run() -> Path:
        await blobs.put(uri, data)
        return await unpack(uri, blobs=lambda _: blobs, cache_dir=cache_dir)

    return asyncio.run(run())


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def named(
    name: str, type_: bytes = tarfile.REGTYPE, *, linkname: str = "", pax: dict[str, str] | None = None
) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.pax_headers = type_, linkname, pax or {}
    return member


def made(folder: Path, files: dict[str, str]) -> Bundle:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return bundle_of(folder, sorted(files))


def left_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")} if folder.exists() else set()


def test_bundle_is_unpacked_as_it_was_packed(tmp_path: Path) -> None:
    """Every file has its name and content, and nothing else is left in the cache."""
    bundle = made(tmp_path / "source", {"flow.py": "x = 1\n", "pack/data.txt": "ü"})

    root = unpacked(bundle.data, tmp_path / "cache")

    assert root == tmp_path / "cache" / bundle.digest
    assert (root / "flow.py").read_text() == "x = 1\n"
    assert (root / "pack" / "data.txt").read_text() == "ü"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [bundle.digest]


def test_cached_bundle_is_not_fetched_again(tmp_path: Path) -> None:
    """What is unpacked is used even when the archive has gone."""
    bundle = made(tmp_path / "source", {"flow.py": ""})
    root, gone = unpacked(bundle.data, tmp_path / "cache"), MemoryBlobStore()

    again = unpack(bundle_uri(ROOT, "p", bundle.digest), blobs=lambda _: gone, cache_dir=tmp_path / "cache")

    assert asyncio.run(again) == root


def test_absent_bundle_is_named(tmp_path: Path) -> None:
    """Without an archive there is the store's own error, and an empty cache."""
    gone = MemoryBlobStore()

    with pytest.raises(BlobMissing):
        asyncio.run(unpack(bundle_uri(ROOT, "p", "0" * 64), blobs=lambda _: gone, cache_dir=tmp_path / "cache"))

    assert left_in(tmp_path / "cache") == set()


@pytest.mark.parametrize("uri", ["", "memory://x/bundles/p/flow.tar.gz", "memory://x/../" + "0" * 63 + ".tar.gz"])
def test_uri_without_digest_is_refused(uri: str, tmp_path: Path) -> None:
    """Where there is no digest to check against, nothing is fetched."""
    with pytest.raises(BadBundleUri):
        asyncio.run(unpack(uri, blobs=lambda _: MemoryBlobStore(), cache_dir=tmp_path))


def test_wrong_digest_unpacks_nothing(tmp_path: Path) -> None:
    """Content that is not what the name promises never reaches the disk as files."""
    bundle = made(tmp_path / "source", {"flow.py": ""})

    with pytest.raises(BundleDamaged, match=bundle.digest):
        unpacked(bundle.data, tmp_path / "cache", digest="0" * 64)

    assert left_in(tmp_path / "cache") == set()


BAD_MEMBERS = {
    "symbolic link": [(named("a", tarfile.SYMTYPE, linkname="/etc/passwd"), b"")],
    "hard link": [(named("a", tarfile.LNKTYPE, linkname="b"), b"")],
    "device": [(named("a", tarfile.CHRTYPE), b"")],
    "pipe": [(named("a", tarfile.FIFOTYPE), b"")],
    "folder": [(named("a", tarfile.DIRTYPE), b"")],
    "sparse file": [(named("a", tarfile.GNUTYPE_SPARSE), b"")],
    "absolute name": [(named("/tmp/a.py"), b"")],
    "way up": [(named("../a.py"), b"")],
    "way up and down": [(named("pack/../../a.py"), b"")],
    "way that stays": [(named("pack/../a.py"), b"")],
    "dot": [(named("./a.py"), b"")],
    "doubled slash": [(named("pack//a.py"), b"")],
    "empty name": [(named(""), b"")],
    "dots alone": [(named(".."), b"")],
    "zero byte": [(named("ok.py", pax={"path": "a\0b.py"}), b"")],
    "way up in a long name": [(named("ok.py", pax={"path": "../" + "a" * 300}), b"")],
    "name longer than any": [(named("ok.py", pax={"path": "a" * 300}), b"")],
    "same name twice": [(named("a.py"), b"1"), (named("a.py"), b"2")],
    "file as folder": [(named("a"), b"1"), (named("a/b.py"), b"2")],
    "folder as file": [(named("a/b.py"), b"1"), (named("a"), b"2")],
}


@pytest.mark.parametrize("members", BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_archive_that_could_do_harm_is_refused(members: list[tuple[tarfile.TarInfo, bytes]], tmp_path: Path) -> None:
    """Whatever is no regular file under a plain name of its own ends the unpacking, and leaves nothing."""
    harmless = (named("ok.py"), b"")

    with pytest.raises(BundleRefused):
        unpacked(archive(harmless, *members), tmp_path / "cache")

    assert left_in(tmp_path) <= {"cache"}


@pytest.mark.parametrize(
    "data",
    [b"", b"no archive", gzip.compress(b"no tar" * 200), gzip.compress(b"x" * 9999)[:-20]],
    ids=["empty", "text", "no tar", "cut off"],
)
def test_garbage_is_refused(data: bytes, tmp_path: Path) -> None:
    """What is no gzipped tar file is an error that says so, not a crash, and not an empty bundle."""
    with pytest.raises(BundleRefused):
        unpacked(data, tmp_path / "cache")

    assert left_in(tmp_path / "cache") == set()


@pytest.mark.parametrize("limit", ["LARGEST_BUNDLE_BYTES", "LARGEST_TREE_BYTES", "MOST_FILES"])
def test_oversized_archive_is_refused(limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Size packed, size unpacked and number of files are bounded while they are read."""
    bundle = made(tmp_path / "source", {"a.py": "1", "b.py": "2"})
    monkeypatch.setattr(bundles, limit, 1)

    with pytest.raises(BundleRefused):
        unpacked(bundle.data, tmp_path / "cache")

    assert left_in(tmp_path / "cache") == set()


def test_bundle_unpacked_by_two_at_once_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is second to finish finds the folder of the first, and uses it."""
    bundle = made(tmp_path / "source", {"flow.py": "x = 1\n"})
    place: Callable[[Path, Path], None] = bundles._place

    def place_late(tree: Path, root: Path) -> None:
        root.mkdir()
        (root / "flow.py").write_text("x = 1\n")
        place(tree, root)

    monkeypatch.setattr(bundles, "_place", place_late)

    root = unpacked(bundle.data, tmp_path / "cache")

    assert left_in(tmp_path / "cache") == {bundle.digest, f"{bundle.digest}/flow.py"}
    assert root.is_dir()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mutilated_archives_never_write_outside(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any bytes of the unzipped archive may differ: it is unpacked below the cache, or refused with an error of ours."""
    folder = tmp_path_factory.mktemp("fuzz")
    whole = bytearray(gzip.decompress(made(folder / "source", {"flow.py": "x = 1\n", "pack/b.py": ""}).data))
    for place in data.draw(st.lists(st.integers(0, 2047), max_size=6)):
        whole[place] = data.draw(st.integers(0, 255))
    before = left_in(folder)

    with suppress(BundleRefused):
        unpacked(gzip.compress(bytes(whole)), folder / "cache")

    assert {name for name in left_in(folder) - before if not name.startswith("cache")} == set()


# ── importing ────────────────────────────────────────────────────────────────

CODE = "from plait_core.authoring.tasks import task\n\n@task\ndef triple(a: int) -> int:\n    return 3 * a\n"
TRIPLE = EntityId(kind=EntityKind.TASK, name="bundled_flow.triple", version="v1")


@pytest.fixture
def imports() -> Iterator[None]:
    """Put the import path, and what was imported, back."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - modules:
        if name.startswith("bundled_"):
            del sys.modules[name]


def run_bundled(tmp_path: Path, bundle: Bundle) -> Result:
    """Perform ``triple(a=2)`` from *bundle* in this process, with a cache below *tmp_path*."""
    unit = make_unit(samples.add, {"a": 2})
    call = FunctionCall(
        entity=TRIPLE, location="bundled_flow:triple", bundle=bundle_uri(samples.ROOT, "p", bundle.digest)
    )
    template = attrs.evolve(unit.template, id=TRIPLE, location=call.location)
    blobs, services = MemoryBlobStore(), make_services()
    services = attrs.evolve(
        services,
        blobs=lambda _: blobs,
        plugins=Plugins.load(Settings(home=str(tmp_path / "home"))),
    )

    async def run() -> Result:
        await blobs.put(call.bundle, bundle.data)
        return (await perform(attrs.evolve(unit, action=call, template=template), services)).result

    return asyncio.run(run())


@pytest.mark.usefixtures("imports")
def test_task_is_imported_from_its_bundle(tmp_path: Path) -> None:
    """A unit with a bundle needs nothing of its code on the import path."""
    bundle = made(tmp_path / "source", {"bundled_flow.py": CODE})

    result = run_bundled(tmp_path, bundle)

    assert (result.error, result.outputs) == (None, literals({"o0": 6}))
    assert sys.path[0] == str(tmp_path / "home" / "bundles" / bundle.digest)


@pytest.mark.usefixtures("imports")
def test_module_imported_from_elsewhere_is_not_mistaken_for_the_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other code of the same name would run silently; the error says where it is from."""
    elsewhere = tmp_path / "elsewhere"
    made(elsewhere, {"bundled_flow.py": CODE.replace("3", "4")})
    monkeypatch.syspath_prepend(str(elsewhere))
    __import__("bundled_flow")

    result = run_bundled(tmp_path, made(tmp_path / "source", {"bundled_flow.py": CODE}))

    assert result.error is not None
    assert "ModuleTaken" in result.error.exception
    assert str(elsewhere) in result.error.message


@pytest.mark.usefixtures("imports")
def test_refused_bundle_is_the_error_of_the_attempt(tmp_path: Path) -> None:
    """A damaged archive fails the attempt with our message, and nothing else of the worker."""
    bundle = made(tmp_path / "source", {"bundled_flow.py": CODE})

    result = run_bundled(tmp_path, attrs.evolve(bundle, digest="0" * 64))

    assert result.error is not None
    assert "BundleDamaged" in result.error.exception
