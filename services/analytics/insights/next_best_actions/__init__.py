"""What to do next, by rules over facts, the most valuable first."""
