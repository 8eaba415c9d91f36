"""
A private PostgreSQL for tests and benchmarks: a cluster in a temporary directory, run by an unprivileged user.

    with postgres_cluster() as cluster:
        url = cluster.url("plait")

It listens on a Unix socket in that directory and nowhere else, asks for no password, and is gone at the end. In tests, take
the fixture ``postgres``: one cluster for all tests of a process.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any
from uuid import uuid4

import attrs

PACKAGE = "postgresql"
"""The package of Debian that has the binaries."""

_USER = "plait"
_LONGEST_START_S = 60.0
_IN_A_HURRY = {"fsync": "off", "full_page_writes": "off", "deadlock_timeout": "50ms"}


def postgres_binaries() -> Path | None:
    """Return the directory of ``initdb`` and ``postgres``, or ``None`` on a machine that has no PostgreSQL."""
    found = shutil.which("initdb")
    newest_first = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    candidates = [*([Path(found).resolve().parent] if found else []), *newest_first]
    return next((directory for directory in candidates if (directory / "postgres").exists()), None)


@contextmanager
def postgres_cluster(within: Path | None = None, *, is_safe: bool = False, **settings: str) -> Iterator["Cluster"]:
    """
    Run a new cluster.

    Args:
        within: A directory that every user may enter, for a cluster on a file system of its own. pytest's ``tmp_path`` is none.
        is_safe: Whether commits wait for the disk, as they do unless somebody says otherwise; slower.
        settings: More settings of the server by name, such as ``max_connections="20"``.
    """
    binaries = postgres_binaries()
    assert binaries, f"install the package {PACKAGE}"
    home = Path(mkdtemp(prefix="plait-pg-", dir=within))
    user = _unprivileged(home)
    try:
        _make(binaries, home, user)
        cluster = Cluster(
            binaries=binaries, home=home, user=user, settings={**({} if is_safe else _IN_A_HURRY), **settings}
        )
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _unprivileged(home: Path) -> Mapping[str, Any]:
    """Return how to start a process as somebody else, because PostgreSQL refuses root, and give *home* to that user."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _make(binaries: Path, home: Path, user: Mapping[str, Any]) -> None:
    options = ("--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={_USER}", "--no-sync")
    command = [str(binaries / "initdb"), *options, "--pgdata", str(home / "data")]
    made = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, **user)
    assert made.returncode == 0, made.stderr


@attrs.define(kw_only=True)
class Cluster:
    """A cluster with its server process, which can be stopped, started and killed."""

    binaries: Path
    home: Path
    user: Mapping[str, Any]
    settings: Mapping[str, str]
    _server: subprocess.Popen[bytes] | None = None
    _family: IO[bytes] | None = None
    """The reading end of a pipe that the server and all its children hold open, and nobody else."""

    def url(self, database: str) -> str:
        """Return the URL of a database, which is created when it does not exist."""
        with self.connect("postgres") as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
                connection.execute(f'CREATE DATABASE "{database}"')
        return f"postgresql://{_USER}@/{database}?host={self.home}"

    def url_of_new_schema(self) -> str:
        """Return the URL of a place of its own, which costs less than a database."""
        name, url = f"s{uuid4().hex}", self.url("schemas")
        with self.connect("schemas") as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{url}&options=-csearch_path%3D{name}"

    def connect(self, database: str) -> Any:
        """Return a connection of psycopg in autocommit mode, to arrange things or to look at them."""
        import psycopg

        return psycopg.connect(dbname=database, user=_USER, host=str(self.home), autocommit=True)

    def start(self) -> None:
        """Start the server and wait until it answers, also after a crash."""
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.home), **self.settings}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        reading, held = os.pipe()
        self._family = os.fdopen(reading, "rb")
        with (self.home / "log").open("ab") as log, os.fdopen(held, "wb"):
            command = [str(self.binaries / "postgres"), "-D", str(self.home / "data"), *options]
            self._server = subprocess.Popen(
                command, cwd=self.home, stdout=log, stderr=log, pass_fds=(held,), **self.user
            )
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until the server answers."""
        give_up_at = time.monotonic() + _LONGEST_START_S
        while not self._answers():
            assert self._server, "the server was stopped"
            assert self._server.poll() is None, (self.home / "log").read_text()
            assert time.monotonic() < give_up_at, (self.home / "log").read_text()
            time.sleep(0.02)

    def _answers(self) -> bool:
        import psycopg

        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """
        End the server: SIGQUIT at once, SIGINT after a checkpoint, SIGKILL as a crash that leaves its children to notice.

        They are waited for, because as long as one of them is there, no server starts on the same data.
        """
        if self._server is not None and self._family is not None:
            self._server.send_signal(how)
            self._server.wait()
            with self._family as family:
                family.read()
        self._server = self._family = None

    def kill_backends(self, database: str) -> int:
        """
        Kill the processes that serve *database* with SIGKILL, which makes the server drop everyone and recover.

        Returns how many were there, once the server has noticed: before that, it answers as if nothing had happened.
        """
        with self.connect("postgres") as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", (database,)).fetchall()
        killed = [pid for (pid,) in rows if _kill(pid)]
        for pid in killed:
            while Path(f"/proc/{pid}").exists():  # until its parent has asked how it ended
                time.sleep(0.005)
        return len(killed)


def _kill(pid: int) -> bool:
    """Kill a process; says whether it was still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # its connection was closed a moment ago
        return False
    return True
