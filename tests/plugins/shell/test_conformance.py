"""Scripts pass the suite of task kinds."""

from plait_shell.conformance import TestScripts, TestScriptsWithOutputs

__all__ = ["TestScripts", "TestScriptsWithOutputs"]
