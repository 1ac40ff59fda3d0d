"""Mutants of the rules' SQL: does any test notice a change of one token? (docs/mutation.md)."""
