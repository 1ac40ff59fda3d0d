"""What several test folders share: running a night, reading a mart, comparing rows."""
