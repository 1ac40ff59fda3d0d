"""Whole nights: worked examples, generated worlds, and the same world told differently."""
