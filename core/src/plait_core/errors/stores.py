"""
What goes wrong with stored things: databases, blobs, and the forms in which they hold the IR.

A store that may be back in a moment is ``Retryable``; everything else is somebody's move.
"""

from plait_core.errors import Retryable, UserError


class StoreUnavailable(Retryable):
    """The database did not answer: it is locked, the disk is full, the server is gone."""

    url: str
    detail: str
    hint: str = "check that the database can be reached, then try again"

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the store {self.url} did not answer: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.hint


class StoreCorrupt(UserError):
    """What the database holds cannot be read back."""

    url: str
    detail: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the store {self.url} is damaged: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "nothing was written to it; restore it from a backup, or move the file away and start with a new one"


class StoreTooNew(UserError):
    """A later release of plait has migrated the database."""

    url: str
    found: int
    known: int

    @property
    def problem(self) -> str:
        """What happened."""
        return (
            f"the store {self.url} has schema {self.found}, and this release of plait knows schemas up to {self.known}"
        )

    @property
    def remedy(self) -> str:
        """What to do."""
        return "upgrade plait to the release that wrote the store, or name another store in the settings"


class StoreReadOnly(UserError):
    """The database cannot be written, and perhaps not even read."""

    url: str
    detail: str
    hint: str = "make the file and its directory writable, or name another store in the settings"

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the store {self.url} cannot be written: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.hint


class StoreRefused(UserError):
    """The database server turns this user away, or has no such database."""

    url: str
    detail: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the store {self.url} refuses: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "check user, password and the name of the database in `store`; create the database if there is none yet"


class StoreDriverMissing(UserError):
    """The library that talks to this kind of database is not installed."""

    scheme: str
    library: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no driver for {self.scheme}:// stores"

    @property
    def remedy(self) -> str:
        """What to do."""
        return f"pip install '{self.library}'"


class NotStorable(UserError):
    """A value has no stored form."""

    kind: str
    detail: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"this {self.kind} cannot be stored: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return (
            "integers must fit 64 bits, texts be free of NUL and of halves of surrogate pairs, JSON must be made of dicts, "
            "lists and atoms, and nesting ends at 500 levels"
        )


class NotReadable(UserError):
    """A stored form, or a document that claims to be one, is not what it should be; ``faults`` say where."""

    kind: str
    faults: tuple[str, ...]

    @property
    def problem(self) -> str:
        """What happened."""
        return f"this is no {self.kind}: {'; '.join(self.faults) or 'its parts contradict each other'}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "correct the document; if plait wrote it, read it with the release that did, or a later one"


class BlobMissing(UserError):
    """There is no object at a URI."""

    uri: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no object at {self.uri}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "check the URI; if a task made it, run that task again, because its data was deleted since"


class BlobDenied(UserError):
    """The blob store refuses access."""

    uri: str
    detail: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"access to {self.uri} was refused: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "grant this process the permission, or name another blob store in the settings"


class BlobUnavailable(Retryable):
    """The blob store did not answer, or has no room."""

    uri: str
    detail: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"the store of {self.uri} did not answer: {self.detail}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "check that the store can be reached and has room left, then try again"


class VersionConflict(UserError):
    """An entity is registered under this id already, with other content; *differences* says where, if known."""

    id: str
    registered: str
    offered: str
    differences: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """What happened."""
        digests = f"{self.registered[:12]}, and the one offered has {self.offered[:12]}"
        return "; ".join((f"{self.id} is registered with digest {digests}", *self.differences))

    @property
    def remedy(self) -> str:
        """What to do."""
        return "register the changed code under a new version; a registered version never changes"


class EntityUnknown(UserError):
    """No entity is registered under an id."""

    id: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"{self.id} is not registered"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "check project, domain, name and version, or register it first"


class ExecutionUnfinished(UserError):
    """Something is asked for that only an execution which has ended allows."""

    id: str
    phase: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"execution {self.id} has not ended: it is {self.phase}"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "wait for its end, or abort it first"


class ExecutionUnknown(UserError):
    """No execution has an id."""

    id: str

    @property
    def problem(self) -> str:
        """What happened."""
        return f"there is no execution {self.id} in this store"

    @property
    def remedy(self) -> str:
        """What to do."""
        return "list executions with `plait get executions`, and check project, domain and environment"
