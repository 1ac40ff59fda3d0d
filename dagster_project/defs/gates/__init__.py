"""The five gates: each declared check is an asset check, blocking where it is critical."""
