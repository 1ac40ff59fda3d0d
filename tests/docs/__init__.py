"""What keeps the documents of ``docs/`` true: the index of rules, made from the tree itself."""
