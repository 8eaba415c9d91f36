"""What plait_local brings keeps the promises of its ports."""

from plait_local.conformance import *  # noqa: F403  # one class per thing that is offered
