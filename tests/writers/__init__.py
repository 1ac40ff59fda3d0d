"""Files made by the programs that people use, and what must come out of each."""
