"""
From closures to graphs that the engine can run: checked as a whole, then linked.

``closures.compile_closure`` is the way in for whoever runs something, ``checks.check`` for whoever only wants to know,
``assignability.assignable`` answers for one edge. Everything here is a pure function of the IR: no clock, no I/O, and
no plugin but for the descriptors that ``placements`` is handed.
"""
