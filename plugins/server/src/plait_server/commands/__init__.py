"""The commands that plait_server adds to ``plait``; each module is imported when its command is called."""
