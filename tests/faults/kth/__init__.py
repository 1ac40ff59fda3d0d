"""Every durable call of what changes a home fails once, and ends the process once."""
