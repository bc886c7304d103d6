"""Releases: which there were, how one is made, and what proves that the next can be rolled out beside the last."""
