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


class WrongContentEncoding(UserError):
    """The body of a request is packed."""

    found: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the body of the request is packed by {self.found!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "send it as it is, without the header 'Content-Encoding'"


class TooSlow(UserError):
    """The body of a request does not come."""

    silence_s: float

    @property
    def problem(self) -> str:
        """What happened."""
        return f"nothing of the body came for {self.silence_s:g} seconds"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "send the request again, with as many bytes as it announces"


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


class SealBroken(UserError):
    """A URL, session or link was not signed by this server, was changed, or was used before."""

    @property
    def problem(self) -> str:
        """What happened."""
        return "the signature is not valid: it is not ours, was changed, or was used before"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "ask the server for a new one, and use it as it is"


class SealExpired(UserError):
    """A URL, session or link was signed for a time that is over."""

    @property
    def problem(self) -> str:
        """What happened."""
        return "the signature has expired"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "ask the server for a new one"


class ForgedRequest(UserError):
    """A browser sent a change that no page of ours asked for."""

    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the request was not sent by a page of this console: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "reload the page and try again; programs send a token instead of a cookie"


class WrongHost(UserError):
    """The server was addressed by a name that is not its own."""

    host: str
    allowed: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"this server is not called {self.host!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "address it by its own name, or add that one to 'allowed_hosts' in [plugins.server]"


class NoActiveVersion(UserError):
    """A launch plan was named without a version, and none is active."""

    plan: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"no version of launch plan {self.plan!r} is active"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "name a version, or activate one with `plait register --activate-launchplans`"


class ExecutionOver(UserError):
    """An execution has ended, so nothing can be asked of it any more."""

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


class UnknownPart(UserError):
    """An execution has no such node, or a node no such attempt."""

    execution: str
    part: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"execution {self.execution!r} has no {self.part}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "see what it has with `plait get execution`; nodes appear once they may start"


class UnknownToken(UserError):
    """No token has this id."""

    token: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no token {self.token!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "list tokens with `plait token list`"


class SharedIdentity(UserError):
    """Attempts have the rights of the server's own user, so a second principal who starts them would have these too."""

    principal: str
    executors: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return (
            f"{self.principal!r} would be the second who may start tasks, and tasks on "
            f"{', '.join(self.executors)} run as the server's own user: each could read what belongs to the other"
        )

    @property
    def remedy(self) -> str:
        """What to do."""
        return "set run_as in [plugins.local], use executors that isolate tasks, or give the role viewer"


class ForeignEntity(UserError):
    """Entities are to be registered elsewhere than where the request says."""

    ids: tuple[str, ...]
    place: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"only entities of {self.place} can be registered here, and there are others: {', '.join(self.ids)}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "send those of each project and domain on their own; what is registered elsewhere is referred to by id"


class ProjectArchived(UserError):
    """A project takes nothing new."""

    project: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"project {self.project!r} is archived, so nothing new is taken"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "use another project, or have an administrator bring this one back"


class ForeignBlob(UserError):
    """A URI does not lie where the blobs of a project are."""

    uri: str
    project: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.uri!r} is no blob of project {self.project!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "ask for a URI that an execution of the project gave, or that an upload to it returned"


class ContentDiffers(UserError):
    """What was uploaded is not what was announced."""

    announced: str
    found: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.announced} were announced, and what came has {self.found}; nothing was kept"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "upload the content whose digest and size the ticket was made for; try again if the connection broke"


class PlaceTaken(UserError):
    """Something else was uploaded under the same name."""

    uri: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is something else at {self.uri}, and it stays"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "upload under another name, or with another group"
