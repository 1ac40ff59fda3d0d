"""Formats: from the bytes of a file to landed texts and typed rows."""
