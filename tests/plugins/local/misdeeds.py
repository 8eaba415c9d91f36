"""Tasks that do to their worker process what tasks should not do."""

import ctypes
import gc
import locale
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from plait_core.authoring.contexts import current_context
from plait_core.authoring.resources import Resources
from plait_core.authoring.tasks import task
from plait_core.ir.codec import dumps
from plait_core.ir.tasks import SecretRequest
from plait_core.ir.units import Result
from plait_core.worker.frames import packed
from plait_core.worker.lines import EngineLine
from plait_core.worker.serving import Answer

held: list[bytes] = []


def tell(path: str, text: str) -> None:
    """Make a file that is whole once it is there, for whoever waits for it."""
    draft = Path(f"{path}.draft")
    draft.write_text(text)
    draft.rename(path)


@task
def pid() -> int:
    return os.getpid()


@task
def variable_and_pid(name: str) -> str:
    return f"{os.environ.get(name)} {os.getpid()}"


@task
def compute_without_a_word(seconds: int) -> int:
    ctypes.PyDLL(None).usleep(seconds * 1_000_000)  # keeps the interpreter to itself
    return os.getpid()


@task
def hang_in_c() -> None:
    ctypes.PyDLL(None).sleep(60)


@task
def stand_still() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


@task(limits=Resources(mem="64Mi"))
def take_too_much() -> int:
    return len(bytearray(500 << 20))


@task(limits=Resources(mem="96Mi"))
def let_children_take_too_much() -> None:
    hold = "x = bytearray(60 << 20); input()"
    children = [subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE) for _ in range(3)]
    for child in children:
        child.wait()


@task
def leak(megabytes: int) -> int:
    held.append(b"x" * (megabytes << 20))
    return os.getpid()


@task
def leave_child(path: str) -> int:
    child = subprocess.Popen(["sleep", "60"])
    Path(path).write_text(str(child.pid))
    child.returncode = 0  # nobody is told of it any more
    return os.getpid()


@task
def leave_child_and_crash(path: str, is_apart: bool) -> None:
    child = subprocess.Popen(["sleep", "60"], start_new_session=is_apart)
    Path(path).write_text(str(child.pid))
    os.abort()


@task
def daemonise(path: str) -> int:
    """Leave a grandchild in a session of its own, without the descriptors and variables of this process."""
    script = f"import os, time; os.setsid(); os.fork() and os._exit(0); open({path!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not Path(path).exists() or not Path(path).read_text():
        time.sleep(0.01)
    return os.getpid()


@task
def return_twice() -> int:
    child = os.fork()
    if child == 0:
        return 1
    os.waitpid(child, 0)
    return 2


@task
def leave_thread() -> int:
    threading.Thread(target=time.sleep, args=(60,)).start()
    return os.getpid()


@task
def close_descriptors() -> int:
    os.close(1)
    os.close(2)
    return os.getpid()


@task
def close_streams() -> int:
    sys.stdout.close()
    return os.getpid()


@task
def close_everything() -> int:
    os.closerange(0, 256)
    return 7


@task
def standing() -> str:
    """Return whose session this process is in, which group it leads, and how far it gives way."""
    return f"{os.getsid(0)} {os.getpgid(0) == os.getpid()} {os.getpriority(os.PRIO_PROCESS, 0)}"


@task
def speak(text: str) -> int:
    print(text)
    print(text, file=sys.stderr)
    return os.getpid()


@task
def disturb() -> int:
    os.chdir("/")
    os.environ["DISTURBED"] = "yes"
    os.environ.pop("HOME", None)
    os.umask(0o777)
    sys.path.insert(0, "/disturbed")
    sys.stdout = sys.stderr
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, hard))
    locale.setlocale(locale.LC_ALL, "C")
    os.environ["TZ"] = "Asia/Kathmandu"
    time.tzset()
    sys.setrecursionlimit(321)
    sys.setprofile(lambda *_: None)
    gc.disable()
    socket.setdefaulttimeout(0.5)
    signal.setitimer(signal.ITIMER_PROF, 60)
    return os.getpid()


@task
def surroundings() -> str:
    """Return all that ``disturb`` changes."""
    umask = os.umask(0o077)
    os.umask(umask)
    handlers = [str(signal.getsignal(n)) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = (
        str(Path.cwd()),
        sorted(os.environ),
        umask,
        sys.path,
        sys.stdout.fileno(),
        handlers,
        mask,
        soft,
        locale.setlocale(locale.LC_ALL),
        time.tzname,
        sys.getrecursionlimit(),
        sys.getprofile(),
        gc.isenabled(),
        socket.getdefaulttimeout(),
        signal.getitimer(signal.ITIMER_PROF),
        os.getpid(),
    )
    return str(found)


@task
def kill_own_group() -> None:
    os.killpg(0, signal.SIGKILL)


@task
def kill_own_worker() -> None:
    subprocess.run(["kill", "-9", str(os.getpid())], check=False)
    time.sleep(60)


@task
def print_without_end(megabytes: int) -> None:
    for _ in range(megabytes):
        os.write(1, b"x" * (1 << 20))


@task
def print_slowly(path: str) -> None:
    print("first", flush=True)
    while not Path(path).exists():
        time.sleep(0.01)
    print("last", flush=True)


@task
def print_secret_in_pieces(key: str) -> None:
    secret = current_context().secrets.get("db", key)
    for character in f"<{secret}>":
        os.write(1, character.encode())
        time.sleep(0.02)
    raise ValueError(f"the secret is {secret}")


@task
async def ask_for_more(key: str) -> str:
    """Ask the engine by oneself for a secret that the task may have not declared."""
    line = current_context().channel
    assert isinstance(line, EngineLine)
    return str((await line.secret(SecretRequest(group="db", key=key))).value)


@task
def remember_secret() -> int:
    """Keep a secret as a library would keep a connection."""
    held.append(current_context().secrets.get("db", "password").encode())
    return os.getpid()


@task
def print_what_is_remembered() -> int:
    os.write(1, b"<%b>" % held[-1])
    return os.getpid()


@task
def print_secret_in_halves(path: str, key: str) -> None:
    secret = current_context().secrets.get("db", key)
    os.write(1, f"<{secret[:3]}".encode())
    while not Path(path).exists():
        time.sleep(0.01)
    os.write(1, f"{secret[3:]}>".encode())


@task
def limit_of_processes() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    return soft


@task
def interrupt() -> None:
    raise KeyboardInterrupt


@task
def break_the_interpreter() -> int:
    """Leave nothing that works, as a careless patch does."""
    os.open = os.write = socket.socket.sendall = None  # type: ignore[assignment,method-assign]  # that is the point
    return 1


@task
def end_own_worker() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)


@task
def readiness_to_go() -> str:
    """Return how ready this process and its children are to be killed when memory runs out."""
    return subprocess.run(
        ["cat", "/proc/self/oom_score_adj"], check=True, capture_output=True, text=True
    ).stdout.strip()


@task
def burn() -> None:
    while True:
        pass


@task
def open_many(n: int) -> int:
    with ExitStack() as opened:
        for _ in range(n):
            opened.enter_context(Path(os.devnull).open("rb"))
    return n


@task(limits=Resources(ephemeral_storage="1Mi"))
def write_much(path: str) -> int:
    return Path(path).write_bytes(b"x" * (2 << 20))


@task
def refuse_with_child(path: str) -> None:
    """Ignore requests to end, together with a child."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60"])
    tell(path, str(child.pid))
    child.wait()


@task
def lie(how: str) -> int:
    """Speak to the engine in the worker's name, then wait for what it does about that."""
    control, line = (socket.socket(fileno=os.dup(int(number))) for number in sys.argv[1:3])
    result = dumps(Result(outputs={}, started_at_ns=1, ended_at_ns=2))
    messages = {
        "garbage": b"\xff" * 100,
        "no map": packed([1, 2]),  # type: ignore[arg-type]  # that is the point
        "no result": packed(Answer(1, b"garbage").message()),
        "another number": packed(Answer(99, result).message()),
        "no answer": packed({"number": 1}),
    }
    if how == "no question":
        line.sendall(b"what?\n")
    elif how == "nothing but questions":
        line.sendall(b'{"id": -1, "ask": "secret", "with": {"group": "db", "key": "password"}}\n' * 20_000)
    else:
        control.sendall(messages[how])
    time.sleep(60)
    return 1


@task
def hide_child(path: str) -> None:
    """Ignore requests to end, with a child that nothing but its parent tells from others."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "60"], start_new_session=True, env={}, stdout=subprocess.DEVNULL)
    tell(path, str(child.pid))
    child.wait()


@task
def ignore_request(path: str) -> int:
    """Note that somebody asked for an end, and return as if nobody had."""
    signal.signal(signal.SIGTERM, lambda *_: Path(f"{path} asked").touch())
    Path(path).touch()
    while not Path(f"{path} asked").exists():
        time.sleep(0.01)
    return os.getpid()


@task(requests=Resources(mem="600Mi"))
def note_times_heavily(path: str) -> None:
    """Write down when this began and ended."""
    began = time.monotonic()
    time.sleep(0.2)
    with Path(path).open("a") as file:
        file.write(f"{began} {time.monotonic()}\n")


def is_first(path: str) -> bool:
    """Whether nobody asked that of *path* before."""
    if Path(path).exists():
        return False
    Path(path).touch()
    return True


@task(retries=1)
def crash_once(path: str) -> int:
    if is_first(path):
        os.abort()
    return 1


@task
def killed_once(path: str) -> int:
    if is_first(path):
        os.kill(os.getpid(), signal.SIGKILL)
    return 0


@task
def count_and_wait(folder: str, n: int) -> int:
    """Write into a ledger that this ran, and wait for a file."""
    with Path(folder, "ledger").open("a") as file:
        file.write(f"{n}\n")
    print("began", n)
    Path(folder, f"began-{n}").touch()
    while not Path(folder, "go").exists():
        time.sleep(0.01)
    print("ended", n)
    return n
