"""Migrations of the test service."""
