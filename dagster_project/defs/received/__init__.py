"""The room of received files: landing → vault → raw."""
