"""Statements: the figures of a settlement, their hash, and the documents that show them."""
