"""The tree of categories that products hang in."""
