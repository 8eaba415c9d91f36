"""What goes wrong between plait and the user's code."""

from plait_core.errors import UserError


class NothingThere(UserError):
    """A file or module to run does not exist."""

    target: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no file or module {self.target!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "give the path of a .py file, or the dotted name of a module that can be imported from here"


class ImportFailed(UserError):
    """The user's module raises while it is imported; the cause has the traceback."""

    target: str
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.target} cannot be imported: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "fix what the traceback shows; nothing was run"


class TracingFailed(UserError):
    """The body of a workflow raises while its graph is recorded; the cause has the traceback."""

    entity: str
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the graph of {self.entity} cannot be recorded: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "in the body of a workflow, inputs and results are promises; compute with values inside a task"


class NameTaken(UserError):
    """A file cannot be imported under its own name, because another module has it."""

    path: str
    module: str
    taken_by: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.path} would be imported as {self.module!r}, which is {self.taken_by}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "give the file another name"


class EntityMissing(UserError):
    """A module does not declare what is asked for."""

    entity: str
    module: str
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.module} declares no task, workflow or launch plan {self.entity!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"choose from: {', '.join(self.known)}" if self.known else "declare one with @task or @workflow"


class UnreadableInputs(UserError):
    """A file of inputs is no JSON or YAML object."""

    source: str
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the inputs in {self.source} cannot be read: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "write them as one JSON or YAML object, input name to value"


class UnwritableSettings(UserError):
    """A value cannot be written into a file of settings."""

    path: str
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.path} was left as it is: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "write the setting with an editor; docs/reference/settings.md shows the form"
