"""The tables of the probe."""
