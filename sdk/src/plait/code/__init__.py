"""
The user's own code: modules found and imported the way workers import them, what they declare, and what of it can be registered.

Used by the command line, and by ``plait.Remote`` where it registers files.
"""
