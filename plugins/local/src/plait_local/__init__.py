"""plait_local: what a laptop needs to run workflows, and what plait falls back on everywhere."""
