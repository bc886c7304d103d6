"""Businesses on the platform."""
