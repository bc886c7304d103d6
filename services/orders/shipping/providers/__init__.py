"""Carriers and tables behind shipping accounts."""
