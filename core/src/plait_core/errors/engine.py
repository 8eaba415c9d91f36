"""What goes wrong between a caller and the engine."""

from plait_core.errors import Retryable, UserError


class OwnershipLost(Retryable):
    """Another engine has taken an execution over; its log is whole."""

    execution: str
    owner: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"engine {self.owner} no longer owns execution {self.execution}; another one has taken it over"

    @property
    def remedy(self) -> str:
        """What to do."""
        return (
            "nothing: the new owner goes on from the last committed turn; check clocks and load if this happens often"
        )


class UnknownExecution(UserError):
    """No execution has this name."""

    execution: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no execution {self.execution!r}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "list what there is with `plait get executions`, on a server with --remote"


class ExecutionExists(UserError):
    """The name of a new execution is taken."""

    execution: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is an execution {self.execution!r} already"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "choose another name, or leave it out to have one made"


class ExecutionOwned(UserError):
    """An execution cannot be resumed because an engine that lives is driving it."""

    execution: str
    pool: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"execution {self.execution} is being driven by {self.pool}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "wait for it to end, or stop that process; after a crash on another machine or in another container, its lease runs out by itself"


class UnknownExecutor(UserError):
    """Settings list an executor that no plugin offers."""

    executor: str
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"settings list the executor {self.executor!r}, which no plugin offers"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"install the plugin that offers it, or choose from: {', '.join(self.known) or 'none'}"


class ExecutorNotIsolated(UserError):
    """An engine of a shared pool is to run attempts where they could take it down."""

    executor: str
    pool: str
    isolated: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"engines of the pool {self.pool!r} cannot use the executor {self.executor!r}, which runs tasks in the engine's own process"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"set executors to what runs tasks elsewhere: {', '.join(self.isolated) or 'none is installed'}"


class InvalidLaunch(UserError):
    """The name or the options of a launch do not fit; all faults are listed."""

    faults: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the execution cannot be launched like this: {'; '.join(self.faults)}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "correct the request; leave out the name to have one made"


class InvalidInputs(UserError):
    """The inputs of a launch do not fit what is launched; all faults are listed."""

    target: str
    faults: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.target} cannot be launched with these inputs: " + "; ".join(self.faults)

    @property
    def remedy(self) -> str:
        """What to do."""
        return "give every required input once, by name, with a value of its type"


class InvalidSignal(UserError):
    """A gate was given a value of another type than it waits for."""

    execution: str
    signal: str
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.signal!r} of execution {self.execution} cannot be answered so: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "send a value of the gate's type; an approval takes true or false"


class ExecutionFailed(UserError):
    """An execution ended without outputs, for a reason that is no exception of this process."""

    execution: str
    phase: str
    code: str
    message: str
    node: str = ""
    traceback: str = ""

    @property
    def problem(self) -> str:
        """What happened."""
        where = f" at node {self.node}" if self.node else ""
        return f"execution {self.execution} is {self.phase}{where}: [{self.code}] {self.message}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"see every attempt with `plait get execution {self.execution.rpartition('/')[2]}`"


class NotRepeatable(UserError):
    """An execution cannot be recovered, or run again from a node, because of where it stands."""

    execution: str
    phase: str

    @property
    def problem(self) -> str:
        """What happened."""
        if self.phase == "SUCCEEDED":
            return f"there is nothing to recover in execution {self.execution}: it succeeded"
        return f"execution {self.execution} has not ended: it is {self.phase}"

    @property
    def remedy(self) -> str:
        """What to do."""
        if self.phase == "SUCCEEDED":
            return "run it again from a node with `plait rerun --from NODE`, or as a whole with `plait relaunch`"
        return "wait for its end or abort it first; one whose process is gone goes on with `plait run --resume`"


class UnknownNodes(UserError):
    """The workflow that an execution ran has no such nodes."""

    execution: str
    nodes: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the workflow of execution {self.execution} has no node {', '.join(map(repr, self.nodes))}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"choose from: {', '.join(self.known) or 'none'}; nodes inside of nodes run again with these"
