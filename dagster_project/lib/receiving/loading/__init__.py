"""Loading: accepted deliveries as pseudonymous rows of the raw room."""
