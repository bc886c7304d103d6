"""Gapless series of document numbers."""
