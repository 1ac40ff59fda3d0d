"""What Dagster sees: assets by room, jobs, schedule, sensor and resources, one kind a file."""
