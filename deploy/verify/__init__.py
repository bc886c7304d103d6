"""Checks that compare services with each other."""
