"""Keys: the secrets of a home, each a private file that is made once."""
