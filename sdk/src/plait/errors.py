"""What goes wrong between a client and the server or store that it talks to."""

from plait_core.errors import InternalError, Retryable, UserError


class NoPackage(UserError):
    """A file is not what ``plait package`` writes."""

    path: str
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.path} cannot be read as a package: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "make it anew with `plait package`, with a release of plait that is no newer than this one"


class NoEndpoint(UserError):
    """The setting ``endpoint`` is no address of a server."""

    endpoint: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the endpoint {self.endpoint!r} is no URL of a server"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "write it with its scheme, like http://localhost:30080; `plait config show` says where it is set"


class UnusableToken(UserError):
    """What was given as a token cannot be one; it is not shown, as it may hold some."""

    @property
    def problem(self) -> str:
        """What happened."""
        return "the token is not one word of ASCII characters"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "give one token alone, as PLAIT_TOKEN or in the setting 'token'; `plait config show` says which of them is set"


class ServerUnreachable(Retryable):
    """No server answers at the endpoint; ``had_begun`` if it had, and the answer broke off or fell silent."""

    endpoint: str
    detail: str
    had_begun: bool = False

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the server at {self.endpoint} did not answer: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "start it (`plait demo start`), correct the setting 'endpoint', or work on this machine with --local"


class ServerRefused(UserError):
    """
    A server refused a request.

    ``kind`` is the name of the error's class there, ``faults`` every single thing that is wrong, and ``n_tries`` how often
    the request had been sent when it was refused.
    """

    status: int
    detail: str
    kind: str = ""
    advice: str = ""
    faults: tuple[str, ...] = ()
    n_tries: int = 1

    @property
    def problem(self) -> str:
        """What happened."""
        told = (f"  - {fault}" for fault in self.faults if fault not in self.detail)
        return "\n".join([f"the server refused ({self.status}): {self.detail}", *told])

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.advice or "correct the request; the log of the server may say more"


class NotRecognised(ServerRefused):
    """A server does not know who the caller is."""

    @property
    def remedy(self) -> str:
        """What to do."""
        return "give a token, as PLAIT_TOKEN or in the setting 'token'; an administrator makes one with `plait token create`"


class NotOnServer(ServerRefused):
    """A server does not have what was asked for."""

    @property
    def problem(self) -> str:
        """What happened."""
        return f"not on the server: {self.detail}"


class ServerConflict(ServerRefused):
    """What was asked for contradicts what a server has: another version, a name that is taken, an execution that has ended."""


class ServerUnsound(InternalError):
    """A server answered with something that is no document of its API."""

    endpoint: str
    path: str
    detail: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the server at {self.endpoint} answered {self.path} with something that this release cannot read: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "check that the endpoint is a plait server, and that client and server are of neighbouring releases"


class WaitTimedOut(Retryable):
    """An execution did not end within the time that a caller was ready to wait; it goes on."""

    execution: str
    timeout_s: float
    phase: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"execution {self.execution} is still {self.phase} after {self.timeout_s:g} s"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "wait again, or see with `plait explain` what it waits for; it goes on all the same"


class NamedTwice(UserError):
    """An execution was to have a name, and one that is made up, too."""

    name: str
    prefix: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"an execution was given the name {self.name!r} and the prefix {self.prefix!r} of one that is made up"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "give one of the two"


class OutputsNotReady(UserError):
    """The outputs of an execution were asked for before it ended."""

    execution: str
    phase: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"execution {self.execution} has no outputs yet: it is {self.phase}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "wait for it with `remote.wait(execution)`, or look again with `remote.sync(execution)`"


class NoSuchValue(UserError, KeyError, ValueError, AttributeError):
    """A value was asked for by a name that none has; it is whichever class of error the caller is used to."""

    name: str
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no value {self.name!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"use one of: {', '.join(self.known)}" if self.known else "there are no values at all here"


class NoAddress(UserError):
    """A text names no data of an execution."""

    text: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.text!r} is no address of values"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "write flyte://v1/PROJECT/DOMAIN/EXECUTION/NODE/o/VARIABLE; i stands for inputs, o for outputs, d for a deck"


class NothingToFetch(UserError):
    """Values were asked for that an execution, or a node, does not have."""

    what: str
    kind: str
    phase: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.what} has no {self.kind}: it is {self.phase}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "see with `plait explain` what it waits for, or why it failed"


class AlreadyOver(UserError):
    """Something was asked of an execution of this machine that has ended."""

    execution: str
    phase: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"execution {self.execution!r} has ended: it is {self.phase}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "start it again with `plait relaunch`, `plait recover` or `plait rerun`"


class NoSuchProject(UserError):
    """A project is not in the place that was asked."""

    project: str
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no project {self.project!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"choose from: {', '.join(self.known) or 'none here'}; --remote asks the server, --local this machine"


class NoSuchEntity(UserError):
    """Nothing is registered, or has run, under a name; says so for the store of this machine."""

    what: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no {self.what} in the store of this machine"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "list what there is with `plait get`, register it with `plait register --local`, or ask the server with --remote"
