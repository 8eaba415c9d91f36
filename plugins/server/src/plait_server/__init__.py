"""
plait_server: the HTTP API under ``/api/v1``, the console under ``/console``, and the daemon that holds them and an engine together.

Programs that embed the server use ``plait_server.app.create_app``; everybody else uses ``plait serve`` and ``plait demo``.
"""

__all__: list[str] = []
