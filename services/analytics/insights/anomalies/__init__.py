"""Days whose figures were far from what their history made likely."""
