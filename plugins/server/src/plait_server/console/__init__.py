"""
The console under ``/console``: pages that the server renders, for looking at a plait installation and for running things on it.

``plait_server.console.routes`` is what the app mounts. Every page can be read and every action taken without JavaScript; the
script only adds what makes it pleasant. Below the handlers everything is a plain function from values to view models.
"""
