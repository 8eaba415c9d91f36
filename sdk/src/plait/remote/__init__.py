"""
The client of a server for Python programs: ``plait.Remote``, and ``plait.AsyncRemote`` for those with an event loop.

What it hands out are executions and entities with Python values; what it sends are those of ``plait.control``.
"""
