"""What goes wrong with bundles: making them, fetching them, and importing from them."""

from plait_core.errors import UserError


class BundleTooLarge(UserError):
    """The source files of entities are more than a bundle may hold."""

    size_bytes: int
    limit_bytes: int
    largest: tuple[tuple[str, int], ...]

    @property
    def problem(self) -> str:
        """What happened."""
        names = ", ".join(f"{name} ({_mib(size)})" for name, size in self.largest)
        return f"the source files come to {_mib(self.size_bytes)}, more than the {_mib(self.limit_bytes)} of a bundle; the largest are {names}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return (
            "name what tasks do not need in .plaitignore, take along only what is imported (--copy auto), "
            "or pass large data as File inputs"
        )


class TooManyFiles(UserError):
    """There are more source files than a bundle may hold."""

    root: str
    n_files: int
    limit: int

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.root} has at least {self.n_files} files, and a bundle holds {self.limit}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "name folders that tasks do not need in .plaitignore, or take along only what is imported (--copy auto)"


class CodeOutsideRoot(UserError):
    """An entity is declared in a file that the bundle cannot hold."""

    module: str
    file: str
    root: str

    @property
    def problem(self) -> str:
        """What happened."""
        if not self.file:
            return f"the code of module {self.module!r} is in no file, so it cannot be taken along"
        return f"module {self.module!r} is {self.file}, which is not among the source files below {self.root}"

    @property
    def remedy(self) -> str:
        """What to do."""
        if not self.file:
            return "write it to a file and import that; in a notebook, by `%%writefile flow.py` and `import flow`"
        return "register files of one project together, or install the module where tasks run and use --copy none"


class BadBundleUri(UserError):
    """A unit names a bundle that cannot be one."""

    uri: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.uri!r} is no bundle: its name must be the sha256 digest of the archive, with .tar.gz"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "register the code again with `plait register`, and launch what that registers"


class BundleDamaged(UserError):
    """What is stored as a bundle has another digest than its name says."""

    uri: str
    found: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the bundle {self.uri} has the digest {self.found}, so it is not what was registered; nothing of it was unpacked"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "delete the stored file and register the same code again; if it happens twice, look at who else writes there"


class BundleRefused(UserError):
    """An archive holds what a bundle never does, and unpacking it could do harm."""

    uri: str
    reason: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the bundle {self.uri} is not unpacked: {self.reason}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "make bundles with `plait register` or `plait package`; they hold regular files with relative names and nothing else"


class ModuleTaken(UserError):
    """A process has a module of the name already, from elsewhere than the bundle."""

    module: str
    there: str
    root: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"module {self.module!r} of the bundle at {self.root} cannot be imported: this process has {self.there} under that name"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "run tasks on the executor 'process', which gives each bundle processes of its own"


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 20):.1f} MiB"
