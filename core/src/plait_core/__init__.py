"""
plait_core: what a task, a workflow, a value, an executor and a store are, and the engine that runs them.

Imported by the SDK and by every plugin; it imports neither of them. Plugin authors and embedding platforms
build on ``plait_core.{authoring,types,ports,hookspecs,ir,errors,testing}``; the other modules may change
between minor versions. Importing this package loads none of its modules.
"""
