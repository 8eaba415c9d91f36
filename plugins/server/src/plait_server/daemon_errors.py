"""What goes wrong when a server is started or stopped."""

from plait_core.errors import UserError


class AddressTaken(UserError):
    """The server cannot listen where it should."""

    host: str
    port: int
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the server cannot listen on {self.host}, port {self.port}: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "stop what listens there, or choose another port with --port"


class DemoDied(UserError):
    """The demo's server ended before it was ready."""

    status: int
    log: str
    said: str

    @property
    def problem(self) -> str:
        """Its last words."""
        return f"the server ended with status {self.status} before it was ready; its last words:\n{self.said}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"put right what it says, and start again; the whole log is {self.log}"


class DemoSilent(UserError):
    """The demo's server lives and does not become ready."""

    log: str
    waited_s: float

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the server was started and is not ready after {self.waited_s:g} s"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"`plait demo status` shows what is failing, and {self.log} why"


class DemoUnknown(UserError):
    """A server of the demo runs, and who started it did not get to say which process it is."""

    lock: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"a server of the demo holds {self.lock}, and which process it is was never written down"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"`fuser {self.lock}` shows the process; end it with kill, and try again"


class DemoStubborn(UserError):
    """The demo's server does not stop."""

    pid: int
    waited_s: float

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the server, process {self.pid}, was asked to stop and has not after {self.waited_s:g} s"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"`kill -9 {self.pid}` ends it; nothing that was committed is lost by that"
