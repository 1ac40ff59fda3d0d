"""Trace: from a krone back to its rows, and an approved period computed again."""
