"""Tax rates by country and class."""
