"""
The control plane, seen from a client: one protocol (``plane``), behind which is a server (``server``) or this machine's store (``store``).

Used by ``plait.Remote`` and by the command line.
"""
