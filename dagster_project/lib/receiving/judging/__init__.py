"""Judging: declarations, names, grammar and findings of received files."""
