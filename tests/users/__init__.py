"""Tests that make users of the operating system, and take them away again; they need root."""
