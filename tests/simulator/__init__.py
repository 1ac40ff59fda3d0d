"""Simulated nights: many contracts in one home live by a seed, and what must hold is asked for."""
