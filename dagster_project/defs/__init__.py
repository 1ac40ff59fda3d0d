"""What Dagster sees: assets by room, jobs, the schedule, the sensor and resources, one kind a file."""
