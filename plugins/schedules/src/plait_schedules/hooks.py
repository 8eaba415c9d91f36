"""
What plait_schedules hands to plait.

Offers the schedules ``cron`` and ``fixed_rate``. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""
