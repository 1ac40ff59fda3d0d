"""The desk: where people of other operating-system users act on a home that they do not own.

What belongs here: the socket, who calls (the kernel tells), what passes over it. What does not:
the commands themselves (``cli``), who may act under a name (``contracts.who_acts``).
"""
