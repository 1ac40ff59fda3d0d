"""Intake: the landing folder, the vault, the register of deliveries and its journal."""
