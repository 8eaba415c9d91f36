"""What a server refuses. ``plait_server.problems`` turns these, and the errors of core, into documents."""

from plait_core.errors import UserError


class NotAuthenticated(UserError):
    """A request does not say who sends it, or says so with a credential that is not valid."""

    reason: str = "the request carries no credential"

    @property
    def problem(self) -> str:
        """What happened."""
        return f"nobody is known to have sent this request: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "send 'Authorization: Bearer <token>'; an administrator makes tokens with `plait token create`"


class NotAllowed(UserError):
    """The caller's role is not enough."""

    principal: str
    role: str
    place: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.principal!r} is not {self.role} {self.place}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "ask an administrator for a token with that role"


class MalformedRequest(UserError):
    """A request cannot be read; ``faults`` are places in it and what is wrong there."""

    what: str
    faults: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the {self.what} of the request cannot be read: {'; '.join(self.faults)}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "correct the request; /api/v1/openapi.json describes every operation"


class WrongContentType(UserError):
    """The body of a request is not of the type that the operation reads."""

    found: str
    expected: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the body of the request is {self.found or 'of no stated type'}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"send 'Content-Type: {self.expected}'"


class TooLarge(UserError):
    """The body of a request exceeds what the server accepts."""

    limit_bytes: int
    setting: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the body of the request exceeds {self.limit_bytes} bytes"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"send less, upload large values as files, or raise {self.setting} in the server's settings"


class NoSuchPath(UserError):
    """No operation has this path."""

    path: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is nothing at {self.path}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "check the path; /api/v1/openapi.json lists all of them"


class WrongMethod(UserError):
    """The path exists, and does not take this method."""

    method: str
    path: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.path} does not take {self.method}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "use one of the methods in the header 'Allow'"


class UnknownProject(UserError):
    """No project has this id."""

    project: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no project {self.project!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "list projects with `plait project list`, or make this one with `plait project create`"


class UnknownDomain(UserError):
    """Projects of this server do not have such a domain."""

    domain: str
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no domain {self.domain!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"use one of: {', '.join(self.known)}"
