"""
The shapes everything else speaks in: frozen attrs classes, without I/O.

Isomorphic to Flyte's IDL, so that whoever knows one knows the other. Tuples and mappings in these
classes are never mutated. Import from the modules (``plait_core.ir.literals``, ``.workflows``, …);
wire forms are made by ``plait_core.ir.codec``, digests by ``plait_core.ir.canonical``.
"""
