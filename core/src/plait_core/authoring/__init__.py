"""
Authoring: how tasks, workflows and launch plans are declared, called and traced.

Users import the names of ``plait``; writers of plugins build declarations on ``Task``, ``PythonFunctionTask`` and ``PythonInterface``
from the modules of this package. Nothing here runs a task: ``plait_core.authoring.tracing.trace`` hands the graph on.
"""
