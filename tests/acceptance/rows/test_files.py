"""Files and directories, through real runs: when content moves, and where to."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import pytest

from plait import BatchSize, Directory, File, current_context, task, workflow
from plait_core.errors.values import ConversionFailed, MissingPath, WrongValue
from plait_core.types.file_formats import CSVFile
from tests.acceptance.rows.recording import record


@task
def write(text: str, name: str = "out.txt") -> File:
    """Write a local file into the attempt's own directory."""
    path = Path(current_context().working_directory) / name
    path.write_text(text)
    return File(path)


@task
def read(file: File) -> str:
    with file.open() as stream:
        return str(stream.read())


@task
def size(folder: Directory) -> list[str]:
    return [relative for _, relative in folder.crawl()]


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """A file of the user's."""
    path = tmp_path / "my data.csv"
    path.write_text("a,b\n1,2\n")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory of the user's."""
    root = tmp_path / "folder"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "a.txt").write_text("A")
    (root / "deep" / "b.txt").write_text("B")
    (root / "deep" / "er" / "c.txt").write_text("C")
    return root


def test_file_goes_from_task_to_task() -> None:
    """Y-19, Y-34: what one wrote in a directory that is gone, the other reads."""

    @workflow
    def wf(text: str) -> str:
        return read(file=write(text=text))

    assert wf(text="hé") == "hé"


def test_returned_file_is_stored_under_the_raw_prefix_and_can_be_read() -> None:
    """Y-34: under its own name, whatever is in it."""
    file = write(text="hello", name="a b%20c.txt")

    assert Path(file).read_text() == Path(str(file)).read_text() == "hello"
    assert (file.remote_source or "").startswith("file://")
    assert Path(file).name == "a b%20c.txt"


@pytest.mark.parametrize("hand_over", [str, Path, File])
def test_local_file_can_be_given_as_path_text_or_handle(hand_over: type, local: Path) -> None:
    """Y-19: and its later changes do not matter to what was handed over."""
    assert read(file=hand_over(local)) == "a,b\n1,2\n"


def test_untouched_file_is_handed_on_without_a_copy() -> None:
    """Y-36: it keeps its URI."""

    @task
    def hand_on(file: File) -> File:
        return file

    @workflow
    def wf() -> tuple[File, File]:
        made = write(text="x")
        return made, hand_on(file=hand_on(file=made))

    made, handed_on = wf()
    assert made.remote_source == handed_on.remote_source


def test_remote_file_is_not_looked_at_before_it_is_opened() -> None:
    """Y-36, Y-38: a URI of nothing may be handed around; only reading fails."""

    @task
    def where(file: File) -> str:
        return str(file.remote_source)

    @workflow
    def wf(file: File) -> str:
        return where(file=file)

    uri = f"{Path.home().as_uri()}/nowhere/to/be/found"
    assert wf(file=File("s3://bucket/key")) == "s3://bucket/key"
    with pytest.raises(ConversionFailed):
        read(file=uri)  # type: ignore[arg-type]  # a path, which need not be wrapped


def test_file_is_a_path_once_it_is_asked_for_one() -> None:
    """Y-36: os.fspath downloads, once."""

    @task
    def twice(file: File) -> bool:
        return os.fspath(file) == os.fspath(file) == file.path and Path(file).read_text() == "x"

    @workflow
    def wf() -> bool:
        return twice(file=write(text="x"))

    assert wf()


def test_destination_is_where_it_is_stored(tmp_path: Path) -> None:
    """Y-35: a URI says where, False leaves it where it is."""
    target = (tmp_path / "there.txt").as_uri()

    @task
    def put(path: str, stays: bool) -> File:
        return File(path, remote_path=False if stays else target)

    source = tmp_path / "here it is.txt"
    source.write_text("x")

    assert put(path=str(source), stays=False).remote_source == target
    assert (tmp_path / "there.txt").read_text() == "x"
    assert read(file=put(path=str(source), stays=True)) == "x"
    assert Path(put(path=str(source), stays=True)).read_text() == "x"


def test_remote_file_is_written_as_a_stream() -> None:
    """Y-37: a new one, by name, in text or bytes."""

    @task
    def stream(data: str) -> tuple[File, File]:
        text, raw = File.new_remote_file("t.txt"), File.new_remote_file("b.bin")
        with text.open("w") as out:
            out.write(data)
        with raw.open("wb") as out:
            out.write(data.encode())
        return text, raw

    @workflow
    def wf(data: str) -> tuple[str, str]:
        text, raw = stream(data=data)
        return read(file=text), read(file=raw)

    assert tuple(wf(data="abc")) == ("abc", "abc")


def test_missing_local_file_fails_the_task_that_returns_it() -> None:
    """Y-38: at once, naming the path, and without a retry."""

    @task(retries=3)
    def lie() -> File:
        return File("/no/such/file")

    with pytest.raises(MissingPath, match="/no/such/file"):
        lie()
    assert len(record(lie).attempts) == 1


def test_file_and_directory_are_not_mixed_up(local: Path, folder: Path) -> None:
    """Y-38: nor are other values taken for either."""
    for call in (
        lambda: read(file=str(folder)),  # type: ignore[arg-type]
        lambda: size(folder=str(local)),  # type: ignore[arg-type]
        lambda: read(file=Directory(folder)),  # type: ignore[arg-type]
        lambda: read(file=3),  # type: ignore[arg-type]
        lambda: read(file=b"x"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ConversionFailed):
            call()


def test_formats_differ_and_a_plain_file_takes_any(local: Path) -> None:
    """Y-19, Y-21: the named classes are formats, too."""

    @task
    def make() -> CSVFile:
        return CSVFile(local)

    @task
    def take(file: File["csv"]) -> str:  # type: ignore[type-arg,name-defined]  # noqa: F821
        return Path(file).read_text()

    @workflow
    def wf() -> tuple[str, str]:
        made = make()
        return take(file=made), read(file=made)

    assert tuple(wf()) == ("a,b\n1,2\n", "a,b\n1,2\n")


def test_directory_goes_from_task_to_task_with_all_that_is_in_it(folder: Path) -> None:
    """Y-20, Y-39: and can be looked through before it is downloaded."""

    @task
    def hand_on(tree: Directory) -> Annotated[Directory, BatchSize(2)]:
        return Directory(os.fspath(tree))

    @task
    def look(tree: Directory) -> dict[str, list[str]]:
        new = tree.new_file("new.txt")
        with new.open("w") as stream:
            stream.write("N")
        return {
            "names": [Path(str(each)).name for each in tree.listdir()],
            "top": [relative for _, relative in tree.crawl(maxdepth=1)],
            "all": [relative for _, relative in tree.crawl()],
            "text": [(tree / "deep/b.txt").read_text()],
        }

    @workflow
    def wf(tree: Directory) -> dict[str, list[str]]:
        return look(tree=hand_on(tree=tree))

    assert wf(tree=Directory(folder)) == {
        "names": ["a.txt", "deep", "new.txt"],
        "top": ["a.txt", "new.txt"],
        "all": ["a.txt", "deep/b.txt", "deep/er/c.txt", "new.txt"],
        "text": ["B"],
    }


def test_new_remote_directory_is_filled_and_returned() -> None:
    """Y-39: names below it only."""

    @task
    def make() -> Directory:
        made = Directory.new_remote()
        for parent, name in ((made, "a"), (made.new_dir("d"), "b")):
            with parent.new_file(name).open("w") as stream:
                stream.write(name)
        with pytest.raises(WrongValue):
            made.new_file("/etc/passwd")
        return made

    @workflow
    def wf() -> list[str]:
        return size(folder=make())

    assert wf() == ["a", "d/b"]


def test_files_travel_inside_records_lists_and_dicts(local: Path) -> None:
    """Y-15, Y-19."""

    @dataclass
    class Bundle:
        main: File
        others: list[File]

    @task
    def bundle(file: File) -> Bundle:
        return Bundle(main=file, others=[write(text="x"), File(local)])

    @task
    def sizes(held: Bundle, more: dict[str, File]) -> list[int]:
        return [len(Path(each).read_bytes()) for each in (held.main, *held.others, *more.values())]

    @workflow
    def wf() -> list[int]:
        made = write(text="four")
        return sizes(held=bundle(file=made), more={"m": made})

    assert wf() == [4, 1, 8, 4]


def test_paths_and_streams_are_files_to_read(local: Path) -> None:
    """Y-19, Y-30."""

    @task
    def by_path(path: Path, like: os.PathLike[str]) -> str:
        return path.read_text() + Path(like).read_text()

    @task
    def by_stream(text: TextIO, raw: BinaryIO) -> str:
        return text.read() + raw.read().decode()

    @workflow
    def wf() -> tuple[str, str]:
        a, b = write(text="a"), write(text="b")
        return by_path(path=a, like=b), by_stream(text=a, raw=b)  # type: ignore[arg-type]  # of one literal type

    assert tuple(wf()) == ("ab", "ab")
