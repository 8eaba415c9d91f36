"""
Traces: what the process executor keeps on disk of its attempts, so that any later engine can tell what became of each.

    workers/<name>/alive     who the worker is, as a process; engines touch it that look for a result of its
    workers/<name>/given     a line about each attempt, written before the worker was given it
    workers/<name>/results   the results of its attempts, as ``plait_core.worker.results`` writes them
    attempts/<key>           a link to ``alive`` of the worker that was given the attempt; made only once

An attempt with a result has ended; one without runs as long as its worker lives, and is lost afterwards. One without a link was
never given to anybody. A worker's folder goes when the worker has and no link to it is left; what was left when nobody was there to see that
goes when the next worker starts. Links and lines are used because to make a file costs a hundred times what it costs to write to
one. Files survive the death of every process concerned; no trace is meant to survive a power cut.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

import attrs

from plait_core.errors import PlaitError
from plait_core.ir.codec import loads
from plait_core.ir.ids import AttemptId
from plait_core.ir.units import Result
from plait_core.worker.results import RESULTS, find_result
from plait_local.vitals import identity_of, is_alive

ALIVE, GIVEN = "alive", "given"


def key_of(attempt: AttemptId) -> str:
    """Return the name of an attempt among files."""
    return sha256(str(attempt).encode()).hexdigest()[:32]


@attrs.frozen(kw_only=True)
class Trace:
    """What was written before an attempt was given to a worker."""

    output_prefix: str = ""
    timeout_ns: int | None = None
    started_at_ns: int = 0

    def line(self, key: str) -> bytes:
        """Return it as one line about the attempt *key*."""
        return f"{json.dumps([key, self.output_prefix, self.timeout_ns, self.started_at_ns])}\n".encode()


class WorkerFolder:
    """The folder of one worker."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.sign = f"{path}/{ALIVE}"
        self.name = path.rpartition("/")[2]

    def identify(self, pid: int) -> None:
        """Note which process it is."""
        draft = Path(f"{self.sign}.new")
        draft.write_text(f"{self.name} {identity_of(pid)}")
        draft.replace(self.sign)  # whoever sees it sees all of it, and cannot take the worker for dead

    def pid(self) -> int | None:
        """Return the number of the worker's process while it lives."""
        try:
            _, _, identity = Path(self.sign).read_text().partition(" ")
        except FileNotFoundError:
            return None
        return int(identity.partition(" ")[0]) if identity and is_alive(identity) else None

    def trace(self, key: str) -> Trace | None:
        """Return what was written about an attempt."""
        for line in _lines(f"{self.path}/{GIVEN}"):
            found, output_prefix, timeout_ns, started_at_ns = json.loads(line)
            if found == key:
                return Trace(output_prefix=output_prefix, timeout_ns=timeout_ns, started_at_ns=started_at_ns)
        return None

    def result(self, key: str) -> Result | None:
        """Return the result that the worker wrote for an attempt, if it did. What is no result counts as none."""
        document = find_result(f"{self.path}/{RESULTS}", key)
        try:
            return None if document is None else loads(Result, document)
        except PlaitError:
            return None

    @property
    def n_bytes(self) -> int:
        """How long the file of results is."""
        try:
            return Path(f"{self.path}/{RESULTS}").stat().st_size
        except FileNotFoundError:
            return 0

    def look_in(self) -> None:
        """Show the worker, whose own engine is gone, that there is another that wants its result."""
        with suppress(FileNotFoundError):
            os.utime(self.sign)

    def disown(self) -> None:
        """Forget all results of a worker that cannot be trusted."""
        Path(f"{self.path}/{RESULTS}").unlink(missing_ok=True)

    def remove_if_done(self) -> None:
        """Remove the folder of a worker that has ended, whosever it was, once no attempt refers to it."""
        with suppress(FileNotFoundError):
            if os.stat(self.sign).st_nlink == 1 and self.pid() is None:  # noqa: PTH116  # called for every attempt, and a Path is dear
                rmtree(self.path, ignore_errors=True)


class Traces:
    """The files of all attempts and workers under *directory*, which engines of one home share."""

    def __init__(self, directory: Path) -> None:
        self._attempts = f"{directory}/attempts"
        self._workers = f"{directory}/workers"

    def clear(self) -> None:
        """Remove the folders of workers that ended when no engine was there to see it."""
        for path in Path(self._workers).glob("*"):
            WorkerFolder(str(path)).remove_if_done()

    def new_worker(self) -> WorkerFolder:
        """Make the folder of a worker that is about to start."""
        Path(self._attempts).mkdir(parents=True, exist_ok=True)
        path = Path(self._workers, uuid4().hex[:16])
        path.mkdir(parents=True, mode=0o700)
        return WorkerFolder(str(path))

    def begin(self, key: str, trace: Trace, folder: WorkerFolder) -> None:
        """Write down that an attempt is about to be given to a worker. Raises ``FileExistsError`` when one was before."""
        descriptor = os.open(f"{folder.path}/{GIVEN}", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            os.write(descriptor, trace.line(key))
        finally:
            os.close(descriptor)
        os.link(folder.sign, self._link(key))

    def has(self, key: str) -> bool:
        """Whether an attempt was given to a worker."""
        return os.path.exists(self._link(key))  # noqa: PTH110  # asked for every attempt, and a Path is dear

    def find(self, key: str) -> tuple[WorkerFolder, Trace] | None:
        """Return the folder of the worker that was given an attempt, with what was written about that."""
        try:
            name, _, _ = Path(self._link(key)).read_text().partition(" ")
        except FileNotFoundError:
            return None
        folder = WorkerFolder(f"{self._workers}/{name}")
        return folder, folder.trace(key) or Trace()

    def forget(self, key: str) -> None:
        """Remove what was written about an attempt."""
        with suppress(FileNotFoundError):
            os.unlink(self._link(key))  # noqa: PTH108  # done for every attempt, and a Path is dear

    def _link(self, key: str) -> str:
        return f"{self._attempts}/{key}"


def _lines(path: str) -> Iterator[bytes]:
    """Yield the whole lines of a file; there may be none, and the last may be cut off."""
    with suppress(FileNotFoundError), Path(path).open("rb") as file:
        yield from (line for line in file if line.endswith(b"\n"))
