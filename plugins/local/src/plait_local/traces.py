"""
Traces: what the process executor keeps on disk of its attempts, so that any later engine can tell what became of each.

    attempts/<key>         which worker was given the attempt, written before it was; made only once
    workers/<name>/alive   the identity of the worker's process
    workers/<name>/<key>   the result of an attempt, written by its worker, whole

An attempt with a result has ended; one without runs as long as its worker lives, and is lost afterwards. One without a trace was
never given to anybody. Files survive the death of every process concerned; no trace is meant to survive a power cut.
"""

import json
import os
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
from plait_local.vitals import identity_of, is_alive

ALIVE = "alive"


def key_of(attempt: AttemptId) -> str:
    """Return the name of an attempt among files."""
    return sha256(str(attempt).encode()).hexdigest()[:32]


@attrs.frozen(kw_only=True)
class Trace:
    """What was written before an attempt was given to a worker."""

    worker: str
    output_prefix: str = ""
    timeout_ns: int | None = None
    started_at_ns: int = 0


@attrs.frozen
class WorkerFolder:
    """The folder of one worker."""

    path: Path

    @property
    def name(self) -> str:
        """What the worker is called."""
        return self.path.name

    @property
    def sign(self) -> Path:
        """The file that says which process it is, and when an engine last looked for its results."""
        return self.path / ALIVE

    def identify(self, pid: int) -> None:
        """Note which process it is."""
        self.sign.write_text(identity_of(pid))

    def pid(self) -> int | None:
        """Return the number of the worker's process while it lives."""
        try:
            identity = self.sign.read_text()
        except FileNotFoundError:
            return None
        return int(identity.partition(" ")[0]) if identity and is_alive(identity) else None

    def result(self, key: str) -> Result | None:
        """Return the result that the worker wrote for an attempt, if it did. What is no result counts as none."""
        try:
            return loads(Result, (self.path / key).read_bytes())
        except (FileNotFoundError, PlaitError):
            return None

    def look_in(self) -> None:
        """Show the worker, whose own engine is gone, that there is another that wants its result."""
        with suppress(FileNotFoundError):
            os.utime(self.sign)

    def forget(self, key: str) -> None:
        """Remove the result of an attempt."""
        (self.path / key).unlink(missing_ok=True)

    def remove_if_done(self) -> None:
        """Remove the folder of a worker that has ended and whose results were all taken."""
        left = [entry.name for entry in self.path.iterdir()] if self.path.is_dir() else [""]
        if all(name == ALIVE or name.endswith(".partial") for name in left):
            rmtree(self.path, ignore_errors=True)


class Traces:
    """The files of all attempts and workers under *directory*, which engines of one home share."""

    def __init__(self, directory: Path) -> None:
        self._attempts = directory / "attempts"
        self._workers = directory / "workers"

    def new_worker(self) -> WorkerFolder:
        """Make the folder of a worker that is about to start."""
        self._attempts.mkdir(parents=True, exist_ok=True)
        folder = self._workers / uuid4().hex[:16]
        folder.mkdir(parents=True, mode=0o700)
        return WorkerFolder(folder)

    def worker(self, name: str) -> WorkerFolder:
        """Return the folder of a worker, which may be gone."""
        return WorkerFolder(self._workers / name)

    def begin(self, key: str, trace: Trace) -> None:
        """Write down that an attempt is about to be given to a worker. Raises ``FileExistsError`` when one was before."""
        path = self._attempts / key
        document = json.dumps(attrs.asdict(trace)).encode()
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            os.write(descriptor, document)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(descriptor)

    def read(self, key: str) -> Trace | None:
        """Return what was written about an attempt. One whose engine died while writing was given to nobody."""
        path = self._attempts / key
        try:
            return Trace(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except ValueError:
            path.unlink()
            return None

    def forget(self, key: str) -> None:
        """Remove what was written about an attempt."""
        (self._attempts / key).unlink(missing_ok=True)
