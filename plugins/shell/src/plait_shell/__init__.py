"""plait_shell: tasks whose body is a shell script."""
