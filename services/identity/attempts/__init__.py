"""Counting sign-in attempts, and refusing when there are too many."""
