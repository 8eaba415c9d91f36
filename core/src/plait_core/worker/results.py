"""
Results of warm workers on disk: one file per worker, to which each result is added before it is told.

A record is the attempt's key in 32 characters, the length of the document in eight bytes, and the document. A worker that dies
while it writes leaves the beginning of a record at the end of the file, which counts as none.
"""

import os
from contextlib import suppress
from pathlib import Path
from struct import Struct

from plait_core.worker.frames import LONGEST_BYTES

RESULTS = "results"

_HEAD = Struct(">32sQ")


def add_result(folder: str, key: str, document: bytes) -> None:
    """
    Add the *document* of an attempt to the results in *folder*, whole or not at all.

    The file is opened for each: a task may have closed whatever this process had open, and opened something else in its place.
    Raises ``OSError`` when it cannot be written.
    """
    record = _HEAD.pack(key.encode(), len(document)) + document
    descriptor = os.open(f"{folder}/{RESULTS}", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    try:
        end = os.fstat(descriptor).st_size
        n_written = 0
        try:
            while n_written < len(record):
                n_written += os.write(descriptor, record[n_written:])
        except OSError:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def find_result(path: str, key: str) -> bytes | None:
    """
    Return the document of an attempt among the results in the file *path*; ``None`` when there is none.

    A task may write there, too: what is longer than any result, and what follows it, is not read.
    """
    wanted = key.encode()
    with suppress(FileNotFoundError), Path(path).open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            found, length = _HEAD.unpack(head)
            if length > LONGEST_BYTES:
                return None
            if found == wanted:
                document = file.read(length)
                return document if len(document) == length else None
            file.seek(length, os.SEEK_CUR)
    return None
