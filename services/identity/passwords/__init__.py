"""Hashing of passwords, and which are good enough."""
