"""Roles as data: named sets of permissions."""
