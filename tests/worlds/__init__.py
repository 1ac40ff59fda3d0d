"""Homes in the public formats: generated ones that lean towards boundaries, and worked ones."""
