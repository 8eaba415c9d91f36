"""plait_schedules: when a launch plan is due, by cron expression or at a fixed rate."""
