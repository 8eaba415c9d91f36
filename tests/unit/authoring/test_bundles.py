"""Bundles: which files are in them, and that the same files make the same bytes."""

import gzip
import io
import os
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait_core.authoring import bundles
from plait_core.authoring.bundles import Copy, bundle_of, bundle_uri, make_bundle, source_root
from plait_core.errors.bundles import BundleTooLarge, CodeOutsideRoot, TooManyFiles

Importing = Callable[..., Path]


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A source root on the import path; what is imported from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


def files(root: Path, copy: Copy, *modules: str) -> list[str]:
    bundle = make_bundle(root, copy, modules=modules)
    assert bundle is not None
    return list(bundle.files)


TREE = {
    "bundle_flow.py": "import bundle_pack.deep.steps\n",
    "bundle_unused.py": "",
    "notes.txt": "beside a module, in no package",
    "bundle_pack/__init__.py": "",
    "bundle_pack/unused.py": "",
    "bundle_pack/prices.csv": "1",
    "bundle_pack/.env": "SECRET=1",
    "bundle_pack/templates/page.html": "",
    "bundle_pack/deep/__init__.py": "",
    "bundle_pack/deep/steps.py": "",
    "bundle_pack/other/__init__.py": "",
    "bundle_pack/other/data.csv": "",
}


def test_auto_takes_imported_modules_and_the_data_of_their_packages(project: Path) -> None:
    """Modules that nobody imported stay behind, as do hidden files and what is beside modules in no package."""
    write(project, TREE)
    import_module("bundle_flow")

    assert files(project, Copy.AUTO, "bundle_flow") == [
        "bundle_flow.py",
        "bundle_pack/__init__.py",
        "bundle_pack/deep/__init__.py",
        "bundle_pack/deep/steps.py",
        "bundle_pack/prices.csv",
        "bundle_pack/templates/page.html",
    ]


def test_all_takes_every_file_that_is_source(project: Path) -> None:
    """What tools make, environments, and what the project ignores is left out."""
    write(project, TREE)
    write(
        project, {".git/config": "", "venv/pyvenv.cfg": "", "venv/lib/x.py": "", "a/__pycache__/x.pyc": "", "b.pyc": ""}
    )
    write(project, {".gitignore": "*.csv\n!bundle_pack/prices.csv\n", ".plaitignore": "/bundle_pack/other/\n"})

    assert files(project, Copy.ALL) == sorted(
        [*(name for name in TREE if not name.startswith("bundle_pack/other/")), ".gitignore", ".plaitignore"]
    )


def test_nothing_is_taken_when_nothing_is_asked_for(project: Path) -> None:
    """Code that is installed where tasks run needs no bundle, asked for or not."""
    assert make_bundle(project, Copy.NONE) is None
    assert make_bundle(project, Copy.AUTO, modules=["pytest"]) is None


def test_module_from_elsewhere_is_refused(project: Path) -> None:
    """A task whose code would not arrive is found before it runs."""
    write(project, {"one/bundle_one.py": "", "two/x.py": ""})
    sys.path.insert(0, str(project / "one"))
    import_module("bundle_one")

    with pytest.raises(CodeOutsideRoot, match="bundle_one"):
        make_bundle(project / "two", modules=["bundle_one"])

    sys.path.remove(str(project / "one"))


def test_script_is_the_module_that_is_named_after_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``python flow.py`` runs as ``__main__``, and its entities are named after the file that workers import."""
    script = ModuleType("__main__")
    script.__file__ = str(write(project, {"bundle_script.py": ""}) / "bundle_script.py")
    monkeypatch.setitem(sys.modules, "__main__", script)

    assert files(project, Copy.AUTO, "bundle_script") == ["bundle_script.py"]


def test_code_in_no_file_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the cells of a notebook; the remedy is to write it to one."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))

    with pytest.raises(CodeOutsideRoot, match="is in no file") as caught:
        make_bundle(write(project, {"other.py": ""}), modules=["__main__"])

    assert "%%writefile" in caught.value.remedy


def test_archive_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    """Times, permissions, owners and the order of creation leave no trace."""
    one = write(tmp_path / "one", {"b.py": "2", "a.py": "1"})
    two = write(tmp_path / "two", {"a.py": "1", "b.py": "2"})
    os.utime(two / "a.py", (0, 0))
    (two / "b.py").chmod(0o700)

    assert make_bundle(one, Copy.ALL) == make_bundle(two, Copy.ALL)


NAMES = st.text("abcé .-_", min_size=1, max_size=120).filter(lambda name: name.strip(". ") == name)


@settings(max_examples=40, deadline=None)
@given(contents=st.dictionaries(NAMES, st.binary(max_size=200), min_size=1, max_size=5))
def test_archive_holds_exactly_its_files(contents: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any names and contents come back, and packing again gives the same digest."""
    root = tmp_path_factory.mktemp("source")
    for name, content in contents.items():
        (root / name).write_bytes(content)
    names = sorted(contents)

    bundle = bundle_of(root, names)

    with tarfile.open(fileobj=io.BytesIO(bundle.data)) as tar:
        held = {member.name: tar.extractfile(member) for member in tar}
        assert {name: file.read() for name, file in held.items() if file} == contents
    assert bundle_of(root, names).digest == bundle.digest
    assert gzip.decompress(bundle.data)


@pytest.mark.parametrize("limit", ["LARGEST_BUNDLE_BYTES", "LARGEST_TREE_BYTES"])
def test_bundle_that_is_too_large_names_the_largest_files(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader learns what to leave out, largest first."""
    write(tmp_path, {"small.py": "x", "large.bin": "x" * 3000, "larger.bin": "x" * 4000})
    monkeypatch.setattr(bundles, limit, 100)

    with pytest.raises(BundleTooLarge) as caught:
        make_bundle(tmp_path, Copy.ALL)

    assert caught.value.largest == (("larger.bin", 4000), ("large.bin", 3000), ("small.py", 1))


def test_too_many_files_are_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that was named by mistake is refused while it is walked."""
    write(tmp_path, {f"{n}.py": "" for n in range(4)})
    monkeypatch.setattr(bundles, "MOST_FILES", 3)

    with pytest.raises(TooManyFiles):
        make_bundle(tmp_path, Copy.ALL)


@pytest.mark.parametrize(
    ("path", "root"), [("flow.py", "."), ("pack/deep/a.py", "."), ("pack/deep", "."), ("loose/b.py", "loose")]
)
def test_source_root_is_the_first_folder_that_is_no_package(path: str, root: str, tmp_path: Path) -> None:
    """As an import of the module would have it."""
    write(tmp_path, {"flow.py": "", "pack/__init__.py": "", "pack/deep/__init__.py": "", "pack/deep/a.py": ""})
    write(tmp_path, {"loose/b.py": ""})

    assert source_root(tmp_path / path) == (tmp_path / root).resolve()


def test_bundles_are_stored_per_project() -> None:
    """The place of a bundle names who may read it."""
    assert bundle_uri("s3://b/x/", "lab", "abc") == "s3://b/x/bundles/lab/abc.tar.gz"
