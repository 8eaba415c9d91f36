"""What goes wrong while attempts run: in workers, executors, secrets, decks and checkpoints."""

from plait_core.errors import Retryable, UserError


class IgnoreOutputs(Exception):
    """Raised by a task to say: end this attempt well, and take no outputs from it."""


class EntityNotLoadable(UserError):
    """A worker cannot find the Python object that an attempt is to run."""

    entity: str
    location: str
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.entity!r} cannot be loaded from {self.location!r}: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "define it at the top level of a module that the worker can import, under the name it was made with"


class UnknownResolver(UserError):
    """A task names a resolver that cannot be imported or does not load tasks."""

    resolver: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"resolver {self.resolver!r} is neither 'default' nor an importable object with a method 'load_task'"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "write it as 'module:name' and make the module importable in the worker"


class WrongContract(UserError):
    """A unit was written for a worker of another release."""

    unit: int
    worker: int

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the unit follows contract {self.unit}, and this worker speaks {self.worker}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "run worker and engine with releases of plait-core that are at most one contract apart"


class Saturated(Retryable):
    """An executor has no room for another attempt now."""

    executor: str
    limit: int

    @property
    def problem(self) -> str:
        """What happened."""
        return f"executor {self.executor!r} already runs {self.limit} attempts, its limit"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"the engine submits again after {self.delay_s:g} s; raise the limit in the executor's settings if it can take more"


class RequestTooLarge(UserError):
    """A unit asks for more memory than its executor may ever hand out."""

    executor: str
    asked_bytes: int
    limit_bytes: int

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the task asks for {self.asked_bytes} bytes of memory, and executor {self.executor!r} has {self.limit_bytes}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "lower the memory in its Resources, or raise the limit in the executor's settings"


class ActionNotSupported(UserError):
    """A unit asks for an action that the executor it was given to cannot carry out."""

    executor: str
    action: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"executor {self.executor!r} cannot carry out a {self.action}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "list an executor that can in the setting 'executors'; `plait plugins list` shows those installed"


class AttemptSuperseded(Retryable):
    """An attempt speaks to an engine that does not have it any more: another attempt, or another engine, took its place."""

    attempt: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"attempt {self.attempt} is not, or no longer, one of this engine"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "let it end: the engine that has the execution now tries again what is still wanted"


class EngineGone(Retryable):
    """The engine that started a worker hung up while the attempt still ran."""

    asked: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the engine went away before it answered {self.asked!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "the engine that takes over tries the attempt again"


class EngineUnable(Retryable):
    """The engine could not answer what an attempt in another process asked, and may be able to later; ``kind`` is the class of its error."""

    kind: str
    said: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the engine could not answer: {self.kind}: {self.said}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "nothing: the attempt is made again"


class RefusedByEngine(UserError):
    """The engine said no to something that an attempt in another process asked; ``kind`` is the class of its error."""

    kind: str
    said: str
    advice: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the engine answered with {self.kind}: {self.said}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.advice


class SecretMissing(UserError, ValueError):
    """No provider has a secret that a task reads."""

    group: str
    key: str
    places: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        tried = ", ".join(self.places) or "nowhere: no secret provider is installed"
        return f"secret {_secret_name(self.group, self.key)} was not found; looked in {tried}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"put its value in one of those places, and keep {_request(self.group, self.key)} among the task's secret_requests"


class SecretNotRequested(UserError, ValueError):
    """A task reads a secret that it did not ask for when it was declared."""

    task: str
    group: str
    key: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"task {self.task!r} reads secret {_secret_name(self.group, self.key)}, which it does not request"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"declare it: @task(secret_requests=[{_request(self.group, self.key)}])"


class SecretDenied(UserError):
    """A secret exists and may not be read."""

    place: str
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the secret at {self.place} cannot be read: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "grant the user that runs the task the right to read it"


class UnknownContextAttribute(UserError, AttributeError):
    """A task asks its context for something that is not there."""

    attribute: str
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the execution context has no attribute {self.attribute!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"it has {', '.join(self.known)}; another type of task may offer more"


class CheckpointAmbiguous(UserError, ValueError):
    """A checkpoint of several files is read as if it were one."""

    prefix: str
    n_files: int

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the previous checkpoint at {self.prefix} has {self.n_files} files, so it cannot be read as one value"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "use checkpoint.restore(directory), or save one file only"


class CheckpointUnavailable(UserError):
    """A task saves a checkpoint where there is no place for one."""

    operation: str

    @property
    def problem(self) -> str:
        """What happened."""
        return (
            f"checkpoint.{self.operation} was called outside of a running attempt, which has no place for checkpoints"
        )

    @property
    def remedy(self) -> str:
        """What to do."""
        return "call it in the body of a task that runs in an execution"


def _secret_name(group: str, key: str) -> str:
    return f"{group}/{key}" if group else key


def _request(group: str, key: str) -> str:
    return f"Secret(group={group!r}, key={key!r})"
