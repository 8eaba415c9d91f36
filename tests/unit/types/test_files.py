"""
Files and directories are uploaded when handed over, and downloaded when looked at.
"""

import asyncio
import dataclasses
import os
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO, Union

import pytest

from plait_core.errors.values import ConversionFailed, MissingPath, UnreadableText, WrongValue
from plait_core.ir.literals import Blob
from plait_core.ir.types import BlobType, Dimensionality
from plait_core.testing.memory import MemoryBlobStore
from plait_core.types import ConversionContext, TypeEngine
from plait_core.types.annotations import BatchSize
from plait_core.types.contexts import ambient
from plait_core.types.file_formats import CSVFile, PDFFile
from plait_core.types.files import Directory, File

ENGINE = TypeEngine()


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_text("hello\nworld\n")
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/one.txt").write_text("1")
    (tmp_path / "tree/sub/two.txt").write_text("22")
    return tmp_path / "tree"


def blob_of(literal: object) -> Blob:
    value = getattr(literal, "value", None)
    assert isinstance(value, Blob)
    return value


def test_local_file_is_uploaded_under_the_raw_prefix(
    text: Path, context: ConversionContext, blobs: MemoryBlobStore
) -> None:
    """Its literal has the declared format, and is found by its content in the cache."""
    literals = [ENGINE.converter(CSVFile).to_literal(CSVFile(text), context) for _ in range(2)]

    found = [blob_of(literal) for literal in literals]
    assert [blob.type for blob in found] == [BlobType(format="csv")] * 2
    assert all(blob.uri.startswith("memory://raw/") and blob.uri.endswith("/a.txt") for blob in found)
    assert asyncio.run(blobs.get(found[0].uri)) == text.read_bytes()
    assert literals[0].hash == literals[1].hash


def test_path_may_stand_for_a_file(text: Path, context: ConversionContext) -> None:
    """A task that declares a File may return where it wrote it."""
    converter = ENGINE.converter(File)

    found = [converter.to_python(converter.to_literal(given, context), context) for given in (str(text), text)]

    assert [Path(file).read_text() for file in found] == [text.read_text()] * 2


@pytest.mark.parametrize("kind", [File, CSVFile, File["csv"]])  # type: ignore[misc]  # a format, not a type argument
def test_file_that_promises_no_other_format_may_stand_for_one_that_promises_some(
    kind: type[File], text: Path, context: ConversionContext
) -> None:
    """A task that declares ``File["csv"]`` may return ``File(path)``, or a class that promises the same."""
    literal = ENGINE.converter(File["csv"]).to_literal(kind(text), context)  # type: ignore[misc]  # as above

    assert blob_of(literal).type == BlobType(format="csv")


def test_file_of_another_format_is_refused(text: Path, context: ConversionContext) -> None:
    """And so is a directory; the advice names the format that was declared."""
    converter = ENGINE.converter(File["csv"])  # type: ignore[misc]  # a format, not a type argument

    for other in (PDFFile(text), Directory(text.parent)):
        with pytest.raises(WrongValue, match="promises the format 'csv', or none"):
            converter.to_literal(other, context)


def test_remote_file_is_passed_by_its_uri(context: ConversionContext) -> None:
    """A task that hands on what it never looked at moves no bytes."""
    converter = ENGINE.converter(File)

    literal = converter.to_literal(File("memory://elsewhere/a.txt"), context)

    assert blob_of(literal).uri == "memory://elsewhere/a.txt"
    assert blob_of(converter.to_literal(converter.to_python(literal, context), context)) == literal.value


def test_file_is_downloaded_when_its_path_is_asked_for(text: Path, context: ConversionContext) -> None:
    """Until then its path names nothing."""
    converter = ENGINE.converter(File)

    file = converter.to_python(converter.to_literal(File(text), context), context)

    assert not Path(file.path).exists()
    assert Path(os.fspath(file)).read_text() == text.read_text()
    assert file.path == file.download() != str(text)


def test_remote_file_is_read_as_a_stream(text: Path, context: ConversionContext) -> None:
    """Reading lines needs no local copy."""
    converter = ENGINE.converter(File)
    file = converter.to_python(converter.to_literal(File(text), context), context)

    with file.open() as lines, file.open("rb") as raw:
        assert (list(lines), raw.read(5)) == (["hello\n", "world\n"], b"hello")

    assert not Path(file.path).exists()


def test_new_remote_file_is_uploaded_when_its_block_ends(context: ConversionContext) -> None:
    """A block that fails leaves nothing behind."""
    token = ambient.set(context)
    try:
        good, bad = File.new_remote_file("good.txt"), File.new_remote_file("bad.txt")
        with good.open("w") as stream:
            stream.write("done")
        with pytest.raises(ZeroDivisionError), bad.open("w") as stream:
            stream.write("half")
            raise ZeroDivisionError
    finally:
        ambient.reset(token)

    reread = File.at(str(good), context)
    with reread.open() as stream:
        assert stream.read() == "done"
    assert not asyncio.run(context.blobs("").exists(str(bad)))


def test_destination_may_be_given(text: Path, context: ConversionContext, blobs: MemoryBlobStore) -> None:
    """A URI says where to, ``False`` that it stays where it is."""
    to_literal = ENGINE.converter(File).to_literal

    there = blob_of(to_literal(File(text, remote_path="memory://mine/b.txt"), context))
    here = blob_of(to_literal(File(text, remote_path=False), context))

    assert (there.uri, here.uri) == ("memory://mine/b.txt", text.as_uri())
    assert asyncio.run(blobs.get("memory://mine/b.txt")) == text.read_bytes()


def test_missing_file_is_refused(tmp_path: Path, context: ConversionContext) -> None:
    """At once, where it was handed over; a directory is no file."""
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(MissingPath, match=str(path)):
            ENGINE.converter(File).to_literal(File(path), context)


def test_other_values_are_refused(context: ConversionContext, tree: Path) -> None:
    """An int is no file, and a Directory is none either."""
    for value in (3, Directory(tree)):
        with pytest.raises(WrongValue):
            ENGINE.converter(File).to_literal(value, context)


def test_directory_survives(tree: Path, context: ConversionContext) -> None:
    """With what is in its subdirectories; two uploads have one hash."""
    converter = ENGINE.converter(Annotated[Directory, BatchSize(1)])

    literals = [converter.to_literal(Directory(tree), context) for _ in range(2)]
    found = converter.to_python(literals[0], context)

    assert blob_of(literals[0]).type == BlobType(dimensionality=Dimensionality.MULTIPART)
    assert literals[0].hash == literals[1].hash
    assert (found / "sub/two.txt").read_text() == "22"


def test_remote_directory_is_looked_through_without_a_download(tree: Path, context: ConversionContext) -> None:
    """``listdir`` and ``crawl`` read the listing only, and files inside are read one by one."""
    converter = ENGINE.converter(Directory)
    found = converter.to_python(converter.to_literal(Directory(tree), context), context)

    assert [type(entry) for entry in found.listdir()] == [File, Directory]
    assert [relative for _, relative in found.crawl()] == ["one.txt", "sub/two.txt"]
    assert [relative for _, relative in found.crawl(maxdepth=1)] == ["one.txt"]
    assert [entry["size"] for _, entry in found.crawl(detail=True)] == [1, 2]
    with found.listdir()[0].open() as stream:
        assert stream.read() == "1"
    assert not Path(found.path).exists()


def test_new_remote_directory_is_filled_file_by_file(context: ConversionContext) -> None:
    """Each file is uploaded when its block ends; absolute names are refused."""
    directory = Directory.at("memory://raw/new", context)

    with directory.new_dir("sub").new_file("a.txt").open("w") as stream:
        stream.write("x")

    assert [relative for _, relative in directory.crawl()] == ["sub/a.txt"]
    with pytest.raises(ValueError, match="relative"):
        directory.new_file("/etc/passwd")


def test_file_survives_as_a_field(text: Path, tree: Path, context: ConversionContext) -> None:
    """A dataclass may hold files, also beside text in a union."""

    @dataclasses.dataclass
    class Report:
        page: File
        parts: Directory
        note: Union[str, CSVFile]

    converter = ENGINE.converter(Report)
    report = Report(File(text), Directory(tree), CSVFile(text))
    found = converter.to_python(converter.to_literal(report, context), context)

    assert Path(found.page).read_text() == Path(found.note).read_text() == text.read_text()
    assert type(found.note) is CSVFile
    assert (found.parts / "one.txt").read_text() == "1"


def test_formats_are_types_of_their_own() -> None:
    """``File["csv"]`` is one class, whose literal type says csv."""
    assert File["csv"] is File["csv"]  # type: ignore[misc]  # a format, not a type argument
    assert ENGINE.literal_type(File["csv"]).type == BlobType(format="csv")  # type: ignore[misc]  # as above


def test_paths_and_streams_are_files(text: Path, context: ConversionContext) -> None:
    """``Path`` is downloaded before the task starts, streams are opened for reading, ``PathLike`` is a File."""
    literal = ENGINE.converter(File).to_literal(text, context)

    assert ENGINE.converter(Path).to_python(literal, context).read_text() == text.read_text()
    with ENGINE.converter(TextIO).to_python(literal, context) as stream:
        assert stream.read() == text.read_text()
    with ENGINE.converter(BinaryIO).to_python(literal, context) as stream:
        assert stream.read() == text.read_bytes()
    assert type(ENGINE.converter(os.PathLike).to_python(literal, context)) is File


def test_text_form_is_a_path_or_a_url(text: Path, tree: Path) -> None:
    """A local path must exist and be of the right sort."""
    assert ENGINE.converter(File).parse(str(text)) == File(text)
    assert ENGINE.converter(File).parse("s3://bucket/a.txt").remote_source == "s3://bucket/a.txt"
    assert ENGINE.converter(Directory).parse(str(tree)) == Directory(tree)
    for python_type, wrong in ((File, "absent.txt"), (File, str(tree)), (Directory, str(text))):
        with pytest.raises(UnreadableText):
            ENGINE.converter(python_type).parse(wrong)


def test_directory_cannot_be_read_as_a_file(tree: Path, context: ConversionContext) -> None:
    """The literal says which of the two it is."""
    literal = ENGINE.converter(Directory).to_literal(Directory(tree), context)

    with pytest.raises(ConversionFailed, match="File"):
        ENGINE.converter(File).to_python(literal, context)


def test_file_without_storage_says_so() -> None:
    """Outside of any task there is nothing to read a URI with."""
    with pytest.raises(ConversionFailed, match="inside a task"):
        File("s3://bucket/a.txt").download()
