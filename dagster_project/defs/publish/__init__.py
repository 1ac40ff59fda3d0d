"""The room of what others read: candidate, snapshot, statement documents."""
