"""Orders and their states."""
