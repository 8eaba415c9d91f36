"""
plait: what authors of workflows import.

Decorators, declarations and the command line, all built on ``plait_core``. Importing this package stays cheap:
no vendor package and nothing of the engine is loaded before a workflow runs.
"""
