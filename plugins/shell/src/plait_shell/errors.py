"""What goes wrong with shell tasks: while they are declared, and while their scripts run."""

from plait_core.errors import RecoverableError, Retryable, UserError


class InvalidScript(UserError, ValueError):
    """The script of a task is missing, given twice, or cannot be read as a template."""

    task: str
    reason: str
    advice: str

    @property
    def problem(self) -> str:
        return f"the script of {self.task!r} {self.reason}"

    @property
    def remedy(self) -> str:
        return self.advice


class UnknownReference(UserError, ValueError):
    """A script, or the location of an output, mentions what the task does not have."""

    task: str
    reference: str
    known: tuple[str, ...]

    @property
    def problem(self) -> str:
        return f"{self.task!r} has nothing to put in for {self.reference}"

    @property
    def remedy(self) -> str:
        return f"declare it, double the braces if the shell is to see them, or use one of: {', '.join(self.known)}"


class UnsafeReference(UserError, ValueError):
    """A value stands where no quoting keeps the shell from reading it as script."""

    task: str
    reference: str
    place: str

    @property
    def problem(self) -> str:
        return f"{self.reference} in the script of {self.task!r} stands in {self.place}, where a value cannot be quoted"

    @property
    def remedy(self) -> str:
        variable = f"assign it before (`value={self.reference}`) and write $value there"
        return f"{variable}; or, if it can be trusted to be script, add the format `:raw`"


class UnsupportedOutput(UserError, ValueError):
    """An output of a shell task is neither a file nor a directory."""

    task: str
    output: str
    type: str

    @property
    def problem(self) -> str:
        return f"output {self.output!r} of {self.task!r} is {self.type}, and scripts write only files and directories"

    @property
    def remedy(self) -> str:
        return "declare File, Directory or pathlib.Path, and let a Python task read the value from it"


class ScriptFailed(RecoverableError, Retryable):
    """A script ended with another code than 0; ``output`` and ``error`` are the ends of what it wrote."""

    task: str
    returncode: int
    output: str
    error: str
    files: tuple[str, ...]

    @property
    def problem(self) -> str:
        files = ", ".join(self.files) or "nothing"
        written = "".join(
            f"\n{name}:\n{text}" for name, text in (("stdout", self.output), ("stderr", self.error)) if text
        )
        how = f"with code {self.returncode}" if self.returncode >= 0 else f"by signal {-self.returncode}"
        return f"the script of {self.task!r} ended {how}; its directory holds {files}{written}"

    @property
    def remedy(self) -> str:
        return "read what it wrote; add `set -x` to the script, or debug=True to the task, to see the commands"


class CommandFailed(UserError, RuntimeError):
    """A command that Python code ran ended with another code than 0, or does not exist."""

    command: str
    reason: str
    error: str = ""

    @property
    def problem(self) -> str:
        return f"`{self.command}` {self.reason}" + (f":\n{self.error}" if self.error else "")

    @property
    def remedy(self) -> str:
        return "run it in a terminal; if failure is an answer to you, use subprocess.run instead"
