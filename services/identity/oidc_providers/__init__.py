"""Providers of outside accounts that a business adds for its own people and customers."""
