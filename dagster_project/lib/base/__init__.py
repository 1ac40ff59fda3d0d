"""Base: what every room stands on. It imports nothing of the project."""
