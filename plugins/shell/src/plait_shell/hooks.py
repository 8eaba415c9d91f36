"""
What plait_shell hands to plait.

Offers the task kind ``shell``. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""
