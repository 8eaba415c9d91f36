"""What goes wrong between a client and what it registers."""

from plait_core.errors import Retryable, UserError


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


class ServerUnreachable(Retryable):
    """No server answers at the endpoint."""

    endpoint: str
    detail: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the server at {self.endpoint} did not answer: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "start it (`plait demo start`), correct the setting 'endpoint', or register in the store of this machine with --local"


class ServerRefused(UserError):
    """A server refused a request."""

    status: int
    detail: str
    advice: str = ""
    faults: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """What happened."""
        return "\n".join(
            [f"the server refused ({self.status}): {self.detail}", *(f"  - {fault}" for fault in self.faults)]
        )

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.advice or "correct the request; the log of the server may say more"
