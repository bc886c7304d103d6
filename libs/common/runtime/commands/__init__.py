"""The sub-commands of `pillars`, one a file."""
