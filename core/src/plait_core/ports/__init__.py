"""
Ports: the small protocols through which the engine touches the world.

Plugins hand over descriptors (``plait_core.ports.specs``) whose lazy factories make objects that
satisfy these protocols; the engine awaits them. Every port has an in-memory twin and a conformance suite in
``plait_core.testing``. Import from the modules.
"""
