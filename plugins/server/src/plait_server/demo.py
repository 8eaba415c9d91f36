"""
The demo: a whole platform on one machine, as one server in the background.

Called by ``plait demo``. All it has is under ``<home>/demo``: the settings it runs with, its database, its blobs, what its workers
keep, and its log. The server holds a lock there for as long as it lives, so whether it runs is never a guess. Only a link to its token
is outside, where the CLI looks for it.
"""

import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import attrs

from plait_server.addresses import listening
from plait_server.daemon_errors import DemoDied, DemoSilent, DemoStubborn, DemoUnknown
from plait_server.journal import readable

LOOK_S = 0.05
"""How often a server that starts or stops is looked at."""

START_S = 60.0
"""How long a server may take until it is ready."""

STOP_S = 60.0
"""How long a server may take to stop."""

HOST = "127.0.0.1"
TAIL_LINES = 20
LARGEST_LOG_BYTES = 10 << 20
"""A log that is larger begins anew when the demo starts; the old one is kept beside it."""

SETTINGS = """\
# What the demo runs with. Change it, and start the demo again.
executors = ["process"]
store = "sqlite:///{folder}/plait.db"
blobs = "file://{folder}/blobs"
durability = "full"
"""


@attrs.frozen(kw_only=True)
class Service:
    """One line of the demo's table."""

    name: str
    is_ok: bool
    detail: str


@attrs.frozen
class Demo:
    """The demo below one home folder."""

    home: Path

    @property
    def folder(self) -> Path:
        """Where all of it is."""
        return self.home / "demo"

    @property
    def log(self) -> Path:
        """What the server wrote, one JSON document a line."""
        return self.folder / "server.log"

    @property
    def url(self) -> str:
        """Where the server is reached; empty when none was started, or it was stopped."""
        return str(self._started().get("url", ""))

    def has_died(self) -> bool:
        """Say whether the server ended without having been stopped."""
        return bool(self.url) and not self.is_running()

    def is_running(self) -> bool:
        """Say whether a server holds the lock."""
        lock = self._take_lock() if self.folder.is_dir() else None
        if lock is not None:
            os.close(lock)
        return self.folder.is_dir() and lock is None

    def login_link(self) -> str:
        """Return a link that logs a browser in as the administrator, once and soon; empty while the server does not answer."""
        url = self.url
        token = self.home / "tokens" / urlsplit(url).netloc.replace(":", "_")
        if not url or not token.exists():
            return ""
        headers = {"Authorization": f"Bearer {token.read_text().strip()}", "Content-Type": "application/json"}
        asked = Request(f"{url}/api/v1/login_links", data=b"{}", headers=headers, method="POST")  # noqa: S310  # ours
        try:
            with urlopen(asked, timeout=5) as answer:  # noqa: S310  # our own address
                return f"{url}{_document(answer.read()).get('url', '')}"
        except (URLError, OSError):
            return ""

    # ── start, stop ──────────────────────────────────────────────────────────

    def start(self, *, port: int) -> bool:
        """
        Start the server unless it runs, and wait until it is ready; returns whether it was started now.

        Raises:
            AddressTaken: somebody else listens on *port*.
            DemoDied: the server ended at once; its last words are shown.
            DemoSilent: it lives and did not become ready, whoever started it.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while (lock := self._take_lock()) is None:  # by a server, or for a moment by somebody who looks
            self._wait_ready(self.is_running)
            if readiness(self.url).get("is_ready"):
                return False
        try:
            with listening(HOST, port):
                log_began = self._prepare()
                self._move_tokens(port)
            url = f"http://localhost:{port}"
            server = self._launch(port, url, lock)
        finally:
            os.close(lock)
        self._write_started(pid=server.pid, url=url)
        self._wait_ready(lambda: server.poll() is None)
        if server.returncode is not None:
            raise DemoDied(status=server.returncode, log=str(self.log), said=self._last_words(log_began))
        self._link_tokens()
        server.returncode = 0  # it outlives this process, and nobody here waits for it
        return True

    def _prepare(self) -> int:
        """Make the files that a server needs; returns how long its log is so far."""
        settings = self.folder / "plait.toml"
        if not settings.exists():
            settings.write_text(SETTINGS.format(folder=self.folder))
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.old"))
        self._record.unlink(missing_ok=True)
        return self.log.stat().st_size if self.log.exists() else 0

    def _launch(self, port: int, url: str, lock: int) -> "subprocess.Popen[bytes]":
        variables = {
            "PLAIT_HOME": str(self.folder),
            "PLAIT_PLUGINS__SERVER__HOST": HOST,
            "PLAIT_PLUGINS__SERVER__PORT": str(port),
            "PLAIT_PLUGINS__SERVER__URL": url,
        }
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "plait_server"],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**_without_settings(os.environ), **variables},
                pass_fds=(lock,),
                start_new_session=True,
            )

    def _wait_ready(self, is_alive: Callable[[], bool]) -> None:
        """Wait until the server is ready or has ended. Raises ``DemoSilent`` when it takes too long."""
        deadline = time.monotonic() + START_S
        while is_alive() and not readiness(self.url).get("is_ready"):
            if time.monotonic() > deadline:
                raise DemoSilent(log=str(self.log), waited_s=START_S)
            time.sleep(LOOK_S)

    def stop(self) -> bool:
        """
        Ask the server to stop, and wait until it has; returns whether it ran. Executions go on when it starts again.

        Raises ``DemoStubborn`` when it does not stop, and ``DemoUnknown`` when its process is not known.
        """
        was_running = self.is_running()
        if was_running:
            self._end()
        lock = self._take_lock() if self.folder.is_dir() else None
        if lock is not None:  # else somebody has started another
            self._record.unlink(missing_ok=True)
            os.close(lock)
        return was_running

    def _end(self) -> None:
        if not self._started():
            raise DemoUnknown(lock=str(self.folder / "lock"))
        pid = int(self._started()["pid"])
        with suppress(ProcessLookupError):  # it ended just now
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        while self.is_running():
            if time.monotonic() > deadline:
                raise DemoStubborn(pid=pid, waited_s=STOP_S)
            time.sleep(LOOK_S)

    def teardown(self) -> None:
        """Stop the server and delete all that the demo has; workers that miss their folder end."""
        self.stop()
        self._unlink_tokens()
        deadline = time.monotonic() + STOP_S
        while self.folder.exists():
            try:
                shutil.rmtree(self.folder)
            except OSError as error:  # a worker that has not missed it yet may have put something there
                if error.errno != errno.ENOTEMPTY or time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_S)

    # ── looking ──────────────────────────────────────────────────────────────

    def services(self) -> Sequence[Service]:
        """Return what runs, and how it is."""
        if not self.is_running():
            return ()
        url, found = self.url, readiness(self.url)
        answers = bool(found)
        return (
            Service(name="api", is_ok=answers, detail=f"{url}/api/v1"),
            Service(name="console", is_ok=answers, detail=f"{url}/console"),
            *(
                Service(name=check["name"], is_ok=check["is_ok"], detail=check["detail"])
                for check in found.get("checks", ())
            ),
        )

    def lines(self, *, follows: bool) -> Iterator[str]:
        """Yield the lines of the log; with *follows*, also those to come for as long as the server runs."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            while True:
                is_running = follows and self.is_running()
                yield from log
                if not is_running:
                    return
                time.sleep(LOOK_S)

    # ── what is on disk ──────────────────────────────────────────────────────

    def _move_tokens(self, port: int) -> None:
        """Have the administrator's token be that of *port* alone, where the demo had another before."""
        for token in self._tokens.glob("*_*"):
            name, _, old = token.name.rpartition("_")
            if old != str(port):
                token.replace(self._tokens / f"{name}_{port}")
        self._unlink_tokens()

    def _unlink_tokens(self) -> None:
        for link in self._token_links():
            link.unlink()

    def _link_tokens(self) -> None:
        """Let the CLI find the administrator's token under each name of the server."""
        links = self.home / "tokens"
        links.mkdir(exist_ok=True, mode=0o700)
        for token in self._tokens.glob("*_*"):
            new = links / f".{token.name}.new"
            new.unlink(missing_ok=True)
            new.symlink_to(token)
            new.replace(links / token.name)

    def _token_links(self) -> Sequence[Path]:
        found = (self.home / "tokens").glob("*_*")
        return [link for link in found if link.is_symlink() and link.readlink().parent == self._tokens]

    @property
    def _tokens(self) -> Path:
        return self.folder / "tokens"

    def _take_lock(self) -> int | None:
        """Return a descriptor that holds the lock, or ``None`` while the server has it."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    @property
    def _record(self) -> Path:
        """Which process the server is, and where."""
        return self.folder / "server.json"

    def _started(self) -> Mapping[str, Any]:
        started: dict[str, Any] = json.loads(self._record.read_text()) if self._record.exists() else {}
        return started

    def _write_started(self, *, pid: int, url: str) -> None:
        new = self._record.with_suffix(".new")
        new.write_text(json.dumps({"pid": pid, "url": url}))
        new.replace(self._record)

    def _last_words(self, began: int) -> str:
        """Return the end of what the server wrote into the log, which had *began* bytes before."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(began)
            return "\n".join(map(readable, log.readlines()[-TAIL_LINES:]))


def readiness(url: str) -> Mapping[str, Any]:
    """Return what the server says of itself; nothing while it does not answer."""
    if not url:
        return {}
    try:
        with urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310  # our own address
            return _document(answer.read())
    except HTTPError as refusal:  # not ready yet, and it says why
        return _document(refusal.read())
    except (URLError, OSError):
        return {}


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:  # somebody else listens there
        return {}
    return document if isinstance(document, dict) else {}


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out variables that would win over the demo's own settings."""
    return {key: value for key, value in environment.items() if not key.startswith("PLAIT_")}
