"""
Scripts as processes: one process group each, which never outlives the call that started it.

What a script writes is captured, and shown at the same time. Cancelling the call, as a timeout does, ends the group: politely
at first, then by SIGKILL.
"""

import os
import shlex
import signal
import sys
from asyncio import (
    CancelledError,
    StreamReader,
    StreamReaderProtocol,
    create_subprocess_exec,
    create_task,
    get_running_loop,
    shield,
    wait,
)
from asyncio.subprocess import DEVNULL, Process
from codecs import getincrementaldecoder
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, TextIO

import attrs

GRACE_S = 5.0
"""Seconds that processes have after SIGTERM, and those that a script leaves behind have after its end."""

CHUNK_BYTES = 1 << 16


@attrs.frozen
class ProcessResult:
    """How a process ended, and what it wrote to standard output and to standard error."""

    returncode: int
    output: str
    error: str


async def run_script(script: str, *, shell: str, directory: Path, environment: Mapping[str, str]) -> ProcessResult:
    """
    Run *script* in *directory* by *shell*, a program with perhaps some arguments, and wait for its end.

    Processes that the script leaves behind have ``GRACE_S`` seconds to finish writing and are ended then.

    Raises:
        OSError: *shell* cannot be started.
    """
    with _written(script) as path:
        async with _captured(sys.stdout) as output, _captured(sys.stderr) as error:
            process = await _started(
                *shlex.split(shell), path, cwd=directory, env=environment, stdout=output.sink, stderr=error.sink
            )
            exited = create_task(process.wait())
            reading = [create_task(stream.read()) for stream in (output, error)]
            try:
                await wait([exited])
                await wait(reading, timeout=GRACE_S)
            finally:
                await _end_group(process.pid, [exited, *reading])
    return ProcessResult(exited.result(), output.text, error.text)


async def _started(*words: str, **options: Any) -> Process:
    """Start a process as the leader of a group; who is cancelled meanwhile leaves nobody behind of whom it has not heard yet."""
    starting = create_task(create_subprocess_exec(*words, stdin=DEVNULL, start_new_session=True, **options))
    try:
        return await shield(starting)
    except CancelledError:
        with suppress(OSError):
            process = await starting
            await _end_group(process.pid, [create_task(process.wait())])
        raise


class _Capture:
    """
    One stream of a process: kept, and shown as it comes.

    The pipe is ours, not the process object's, whose ``wait`` would wait for everyone who holds an end of it.
    """

    def __init__(self, source: StreamReader, sink: IO[bytes], shown: TextIO) -> None:
        self.sink = sink
        self.text = ""
        self._source = source
        self._shown = shown

    async def read(self) -> None:
        """Read on until nobody else has the sink; called when the process has it."""
        self.sink.close()
        decoder = getincrementaldecoder("utf-8")(errors="replace")
        while chunk := await self._source.read(CHUNK_BYTES):
            text = decoder.decode(chunk)
            self.text += text
            self._shown.write(text)
            self._shown.flush()


@asynccontextmanager
async def _captured(shown: TextIO) -> AsyncIterator[_Capture]:
    readable, writable = os.pipe()
    source = StreamReader()
    transport, _ = await get_running_loop().connect_read_pipe(
        lambda: StreamReaderProtocol(source), os.fdopen(readable, "rb", buffering=0)
    )
    with closing(transport), os.fdopen(writable, "wb", buffering=0) as sink:
        yield _Capture(source, sink, shown)


@contextmanager
def _written(script: str) -> Iterator[str]:
    with NamedTemporaryFile("w", prefix="plait-", suffix=".sh", delete=False) as file:
        file.write(script)
    try:
        yield file.name
    finally:
        Path(file.name).unlink(missing_ok=True)


async def _end_group(group: int, tasks: Collection[Any]) -> None:
    """Stop every process of *group*, and *tasks*, which wait for them."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(group, number)
        await wait(tasks, timeout=GRACE_S)
    for task in tasks:
        task.cancel()
