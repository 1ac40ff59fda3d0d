"""What the product is made of: known faults of its packages, its bill of materials, its secrets."""
