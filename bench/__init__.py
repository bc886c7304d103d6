"""Measures the suite against baselines taken in the same run; `make bench` prints the table."""
