"""
Retention: how long what an execution leaves is kept after its end, by project.

Read from the setting ``retention``, which was checked when settings were read. Used by ``Sweeper``.
"""

from collections.abc import Mapping

import attrs

from plait_core.plugins.settings import EVERY_PROJECT, RETENTION_KINDS
from plait_core.types.time_texts import parse_duration
from plait_core.types.times import duration_ns

KEPT_FOR = "30d"
"""How long the record of an execution is kept where settings do not say."""


@attrs.frozen(kw_only=True)
class Retention:
    """Ages since the end of an execution, in ns, at which its record and what goes with it may go; none is above the record's."""

    executions_ns: int
    snapshots_ns: int
    logs_ns: int
    raw_data_ns: int

    @classmethod
    def of_age(cls, age_ns: int) -> "Retention":
        """Keep everything for the same time."""
        return cls(executions_ns=age_ns, snapshots_ns=age_ns, logs_ns=age_ns, raw_data_ns=age_ns)

    @property
    def youngest_ns(self) -> int:
        """The age at which the first of it may go."""
        return min(self.executions_ns, self.snapshots_ns, self.logs_ns, self.raw_data_ns)


def retention_of(settings: Mapping[str, Mapping[str, str]], project: str) -> Retention:
    """Return what holds in *project*: its own words, or else those for every project; what is not said is that of the record."""
    said = {**settings.get(EVERY_PROJECT, {}), **settings.get(project, {})}
    record_ns = duration_ns(parse_duration(said.get("executions", KEPT_FOR)))
    ages = {kind: duration_ns(parse_duration(said[kind])) if kind in said else record_ns for kind in RETENTION_KINDS}
    return Retention(**{f"{kind}_ns": min(age_ns, record_ns) for kind, age_ns in ages.items()})
